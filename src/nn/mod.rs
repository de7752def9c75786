//! The recurrent policy and its gradient.
