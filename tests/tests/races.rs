//! A connection's life, with three instances at it: a model of every call that they make, explored exhaustively, and the
//! functions themselves taken through the same schedules, call by call.
//!
//! - `state`, `table`: what there is: the rows with their conditional writes, Google, and where each instance stands.
//! - `listing`, `consent`, `disconnection`, `event`: what an instance does between one call and the next.
//! - `model`, `properties`: every order of the calls, with time, crashes and users, and what must hold in all of them.
//! - `exploration`: that it holds, and that it does not where a condition of a write is left out.
//! - `schedules`, `functions`, `stage`, `comparison`, `replay`: the same orders in the functions, on the embedded AWS and
//!   the emulated Google, compared after every call.
//!
//! Left out are answers that get lost (`vault` has those), and what happens within one call.

#[cfg(test)]
mod races {
    mod comparison;
    mod consent;
    mod disconnection;
    mod event;
    mod exploration;
    mod functions;
    mod listing;
    mod model;
    mod properties;
    mod replay;
    mod schedules;
    mod stage;
    mod state;
    mod table;
}
