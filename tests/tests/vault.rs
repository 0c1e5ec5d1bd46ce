//! The vault over the adapters that run in production, on an embedded AWS and an emulated Google: many instances, one
//! table, and whatever can go wrong between them.

#[cfg(test)]
mod vault {
    mod failures;
    mod fences;
    mod invalid_grant;
    mod lease;
    mod lost_answers;
    mod model;
    mod sealing;
    mod sharing;
    mod world;
}
