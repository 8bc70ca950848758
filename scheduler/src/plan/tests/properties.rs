//! What holds of all plans.
