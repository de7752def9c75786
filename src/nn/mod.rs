//! The learnt policy of a search: an LSTM that walks the slots of a problem and, at each slot,
//! picks one level for each knob; its exact gradient; and the optimiser that follows it.
//!
//! Knows only `base`. What a slot, a knob or a reward is, the caller knows.
//!
//! - [`Policy`] holds the parameters, one flat vector in named groups ([`Policy::groups`]).
//! - [`Policy::rollout`] walks a batch of episodes in lockstep and records them on a [`Tape`].
//! - [`Policy::backward`] turns the tape and the advantages into a [`Gradient`] (REINFORCE with an
//!   entropy bonus: Williams, "Simple statistical gradient-following algorithms for connectionist
//!   reinforcement learning", Machine Learning 8, 1992), by back-propagation through all slots.
//! - [`Adam`] applies the gradient (Kingma and Ba, "Adam: a method for stochastic optimization",
//!   ICLR 2015).
//!
//! Everything gives the same bits on every machine: only `+ - * /` and square roots, which IEEE 754
//! rounds exactly, in an order written in the source; no fused operation, no platform `exp`, no
//! sum split between threads. An episode's forward numbers do not depend on its batch either.

mod activation;
mod adam;
mod backward;
mod gradient;
mod heads;
mod kernels;
mod layout;
mod lstm;
mod policy;
mod rollout;
mod tape;
#[cfg(test)]
mod tests;

pub use adam::Adam;
pub use gradient::Gradient;
pub use layout::PolicyShape;
pub use policy::Policy;
pub use rollout::{Pick, Rollout};
pub use tape::Tape;
