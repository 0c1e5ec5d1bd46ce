use std::time::Instant;

use stateright::{Checker, Model};

use super::{
    model::{Races, Start},
    properties::*,
    state::What,
    table::Fence,
};

pub(super) const LIST: What = What::List(0);
pub(super) const CONSENT: What = What::Consent { browser: 0, account: 0 };
pub(super) const DISCONNECT: What = What::Disconnect(0);
pub(super) const EVENT: What = What::Event(0);
const OTHERS: What = What::List(1);
const OTHERS_CONSENT: What = What::Consent { browser: 0, account: 1 };
use Fence::*;
#[test]
#[ignore]
fn sizes() {
    for fences in [&[][..], &[LeaseIsFree], &[LeaseEnds], &[LeaseSameToken], &[LeaseGeneration],&[LeaseSameToken,LeaseGeneration], &[ShareOwner], &[ShareGeneration], &[ShareOwner,ShareGeneration],&[MarkSameToken],&[MarkGeneration],&[MarkSameToken, MarkGeneration], &[PutGeneration], &[PutIsNewest], &[PutOfAccount], &[DeleteGeneration],&[DeleteSameToken], &[EventIsOlder]] {
    for start in [Start::Connected, Start::Removed, Start::Absent, Start::Removable] {
        if fences.len()>0 {continue}
        let began = Instant::now();
        let whats = if start != Start::Removable {&[LIST, CONSENT, DISCONNECT, EVENT, OTHERS, OTHERS_CONSENT][..]} else {&[LIST, CONSENT, DISCONNECT, EVENT]};
        let mut races = Races::between(3, whats, &[start]).without(fences);
        if start == Start::Removable {races.crashes=0} else {races.crashes = 1}
        let checker = races.checker().spawn_bfs().join();
        println!("{fences:?} {start:?} {} {} {} {:?}", checker.unique_state_count(), checker.state_count(), checker.max_depth(), began.elapsed());
        for (name, path) in checker.discoveries() {
            if name.contains("outlives") {continue}
            println!("  {name}: {:?} {:?}", path.clone().into_states()[0].instances.iter().map(|i|i.what).collect::<Vec<_>>(), path.into_actions());
        }
    }
    }
    let _ = (ONE_HOLDER, CURRENT, NO_RETURN, NOTHING_LOST, NO_FOREIGN, SERVED, ANSWERED);
}
#[test]
fn counts() {
    use super::schedules::covering;
    for start in [Start::Connected, Start::Removed, Start::Absent] {
        for n in [2, 3] {
            let mut races = Races::between(n, &[LIST, CONSENT, DISCONNECT, EVENT], &[start]);
            races.crashes = 1;
            let (mut edge, mut sight, mut len, mut fine) = (0, 0, 0, 0);
            let began = Instant::now();
            let mut seen = std::collections::HashSet::new();
            for (s, whats) in &races.starts {
                let state = races.state(*s, whats);
                if n == 2 { edge += covering(&races, state.clone(), |s, a| (s.clone(), a)).len();}
                let kind = |i: &crate::races::state::Instance| format!("{:?} {:?}", i.what, i.at).split(['(', '{']).take(2).collect::<String>();
                let k = move |s: &crate::races::state::State, a: crate::races::model::Action| {
                    let mut others: Vec<String> = s.instances.iter().map(kind).collect();
                    let who = match a { Action::Call(i) => others.remove(i), Action::Kill(i) => format!("kill {}", others.remove(i)), o => format!("{o:?}") };
                    others.sort();
                    (who, others)
                };
                let found = covering(&races, state.clone(), k);
                sight += found.len();
                len += found.iter().map(|f| f.actions.len()).sum::<usize>();
                for f in found { seen.insert(format!("{f:?}")); }
                let k = move |s: &crate::races::state::State, a: crate::races::model::Action| {
                    let who = match a { Action::Call(i) => kind(&s.instances[i]), Action::Kill(i) => format!("kill {}", kind(&s.instances[i])), o => format!("{o:?}") };
                    (who, s.rows[0].map(|r| (r.status, r.lease.map(|l| l.is_over()))))
                };
                fine += covering(&races, state.clone(), k).len();
            }
            println!("{start:?} {n}: configs {} edges {edge} sights {sight} ({len} actions) fine {fine} {:?}", races.starts.len(), began.elapsed());
        }
    }
}
use super::model::Action;
