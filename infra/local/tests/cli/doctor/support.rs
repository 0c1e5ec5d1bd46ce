//! A local stack as the doctor sees it, and what the doctor finds.

use std::{collections::BTreeMap, sync::Arc};

use local::{
    doctor::{Finding, Inputs, Status, examine},
    stack::{Settings, Stack},
};
use shared::domain::{
    origin::Origin,
    time::{Clock, SystemClock, Timestamp},
};

pub(super) async fn stack() -> Stack {
    Stack::start(Settings::default()).await.unwrap()
}

pub(super) async fn stack_with_fault(fault: &str) -> Stack {
    let faults = vec![fault.parse().unwrap()];
    Stack::start(Settings { faults, ..Settings::default() }).await.unwrap()
}

/// What the doctor looks at of a stack; `more` goes before the stack's own variables, and an empty value unsets one.
pub(super) fn inputs(stack: &Stack, more: &[(&str, &str)]) -> Inputs {
    let mut variables: BTreeMap<String, String> = stack.variables().clone();
    variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Inputs {
        url: Origin::parse(stack.base_url()),
        client_secret: None,
        key: None,
        risc: Origin::parse("http://localhost").unwrap(),
        lookup: Box::new(move |name| variables.get(name).cloned()),
        aws: stack.aws().sdk_config(),
        http: shared::google::http::client().unwrap(),
        clock: Arc::new(SystemClock),
    }
}

/// A clock that stands still.
pub(super) struct FixedClock(pub(super) Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// What one check found.
pub(super) async fn found(inputs: &Inputs, check: &str) -> Vec<Finding> {
    let findings = examine(inputs).await;
    findings.into_iter().filter(|it| it.check == check).collect()
}

/// The one finding of a check that is not good; its detail and its remedy.
pub(super) async fn only(inputs: &Inputs, check: &str, status: Status) -> String {
    let mut findings = found(inputs, check).await;
    findings.retain(|it| it.status != Status::Ok);
    let [Finding { status: found, detail, remedy, .. }] = &findings[..] else { panic!("{findings:#?}") };
    assert_eq!(*found, status, "{detail}");
    format!("{detail} {}", remedy.as_ref().unwrap())
}
