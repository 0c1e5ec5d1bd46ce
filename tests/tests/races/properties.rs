//! What must hold, whatever comes between what.

use stateright::Property;

use super::{
    model::Races,
    state::{ACCOUNTS, Answer, At, Harm, Instance, State, Status, What},
    table::bit,
};

pub(super) const ONE_HOLDER: &str = "at most one lease holder acts";
pub(super) const CURRENT: &str = "who holds the lease refreshes the token that is stored";
pub(super) const NO_RETURN: &str = "an access that ended does not come back";
pub(super) const NOTHING_LOST: &str = "no newer token is lost";
pub(super) const NO_FOREIGN: &str = "nobody gets another's mailbox";
pub(super) const SERVED: &str = "beyond a lease's life nobody is blocked";
pub(super) const ANSWERED: &str = "whoever is not killed answers";

/// All of them, and that the model comes to where they matter.
pub(super) fn all() -> Vec<Property<Races>> {
    vec![
        Property::always(ONE_HOLDER, |_, state| one_holder(state)),
        Property::always(CURRENT, |_, state| current(state)),
        Property::always(NO_RETURN, |_, state| no_return(state)),
        Property::always(NOTHING_LOST, |_, state: &State| state.harm != Some(Harm::LostNewer)),
        Property::always(NO_FOREIGN, |_, state| no_foreign(state)),
        Property::always(SERVED, served),
        Property::eventually(ANSWERED, |_, state: &State| state.instances.iter().all(Instance::is_over)),
        Property::sometimes("a lease outlives its owner, if one is killed", |races, state: &State| {
            races.crashes == 0
                || state.rows.iter().flatten().any(|row| row.lease.is_some_and(|lease| is_dead(state, lease.owner)))
        }),
        Property::sometimes("an owner outlives its lease, and another has it", |_, state: &State| {
            refreshing(state).any(|(i, account, instance, _)| {
                let owner = state.rows[account].and_then(|row| row.lease).map(|lease| lease.owner);
                !instance.leased && owner.is_some_and(|owner| owner != i)
            })
        }),
    ]
}

fn is_dead(state: &State, i: usize) -> bool {
    state.instances[i].at == At::Dead
}

/// The instances that are refreshing, with the generation that they have read.
fn refreshing(state: &State) -> impl Iterator<Item = (usize, usize, &Instance, super::state::Seen)> {
    state.instances.iter().enumerate().filter_map(|(i, instance)| match (instance.what, instance.at) {
        (What::List(account), At::Ask(read) | At::Share(read, _)) => Some((i, account, instance, read)),
        _ => None,
    })
}

/// Of those who refresh what is stored, at most one does while its lease lasts.
fn one_holder(state: &State) -> bool {
    let acting = |account: usize| {
        refreshing(state).filter(move |(_, of, instance, read)| {
            let stored = state.rows[account].map(|row| row.seen.generation);
            *of == account && instance.leased && stored == Some(read.generation)
        })
    };
    (0..ACCOUNTS).all(|account| acting(account).count() <= 1)
}

/// Whose lease is stored has read the access token that is stored.
fn current(state: &State) -> bool {
    refreshing(state).all(|(i, account, _, read)| {
        let Some(row) = state.rows[account].filter(|row| row.lease.is_some_and(|lease| lease.owner == i)) else {
            return true;
        };
        row.seen == read
    })
}

/// No token that was revoked, replaced or deleted is active, and what is not active has no access token and no lease.
fn no_return(state: &State) -> bool {
    state.rows.iter().flatten().all(|row| match row.status {
        Status::Active => state.ended & bit(row.seen.refresh) == 0,
        Status::Revoked | Status::Disconnected => row.seen.access.is_none() && row.lease.is_none(),
    })
}

/// Every token lies in the row of its account, and every answer is about the account that was asked for.
fn no_foreign(state: &State) -> bool {
    let own = |(account, row): (usize, &Option<super::state::Row>)| {
        row.is_none_or(|row| {
            row.seen.refresh.account == account && row.seen.access.is_none_or(|access| access.by == row.seen.refresh)
        })
    };
    let right = |instance: &Instance| match (instance.what, instance.at) {
        (What::List(asked_for), At::Done(Answer::Listed(account))) => asked_for == account,
        _ => true,
    };
    state.harm != Some(Harm::Foreign) && state.rows.iter().enumerate().all(own) && state.instances.iter().all(right)
}

/// Whatever the others have left, and if they never move again: once the time of a lease has passed, whoever comes gets
/// the messages, or is told why not.
fn served(races: &Races, state: &State) -> bool {
    let is_served = |answer| matches!(answer, Answer::Listed(_) | Answer::Reauthorize | Answer::NotFound);
    (0..ACCOUNTS).all(|account| races.newcomer(state, account).0.is_some_and(is_served))
}
