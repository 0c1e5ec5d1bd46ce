//! Histories of users, Google, several instances and crashes through the front door: whatever comes between what, an
//! access that ended does not come back, one that was given is not lost, and nobody sees another's mailbox.

#[cfg(test)]
mod interleavings {
    mod actions;
    mod judging;
    mod letters;
    mod machine;
    mod orders;
    mod pairs;
    mod points;
    mod random;
    mod user;
}
