//! `connection-events`, from the writes of the other functions to the bus.

#[cfg(test)]
mod connection_events {
    mod delivery;
    mod failures;
    mod life;
    mod wire;
}
