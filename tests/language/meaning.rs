//! What constructs mean, one by one.
