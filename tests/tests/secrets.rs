//! Where secrets may be, and that they are nowhere else.
//!
//! A deployment of all functions' real binaries is used, well and badly, while everything that it sends, stores, answers
//! and prints is kept. Then every secret that came into being is looked for in all of it, in every encoding.

#[cfg(test)]
mod secrets {
    mod deployment;
    mod memory;
}
