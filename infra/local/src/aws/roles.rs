//! Who calls, and whether the role of that function allows it: what IAM is to the deployments.
//!
//! Every call says by its access key which function makes it. What its role does not allow is refused with AWS's own
//! error and remembered as a defect, unless a test withheld it; what it allows and is called is remembered too. So a
//! table of permissions that lacks something fails the tests that need it, and one that has too much can be told from
//! the calls.

mod need;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::HeaderMap;
use tokio::sync::Notify;

pub(super) use self::need::{Deployed, Need};
use super::{
    ACCESS_KEY_ID, AwsError,
    permissions::{ROLES, Resource, Role},
};

/// A function, an action and what it is on.
pub type Use = (&'static str, String, Resource);

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    /// The stack itself, and whoever has its access key: they may do everything.
    Stack,
    /// A function, with its role.
    Function(&'static Role),
}

/// The roles of the functions, and what became of them.
#[derive(Debug, Default)]
pub struct Roles {
    inner: Mutex<Inner>,
    /// Told of every call that is refused because something is withheld.
    denials: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    deployed: Deployed,
    withheld: BTreeSet<Use>,
    used: BTreeSet<Use>,
    refused: Vec<String>,
}

/// The access key of a function, as Lambda gives each function one of its role.
pub fn access_key_id(function: &str) -> String {
    format!("AKIALOCAL{}", function.replace('-', "").to_ascii_uppercase())
}

impl Caller {
    /// The caller of a function's name.
    pub(crate) fn of(function: &str) -> Option<Self> {
        Role::of(function).map(Self::Function)
    }

    /// Who signed a request, by the access key in its [credential scope](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
    pub(super) fn of_request(headers: &HeaderMap) -> Result<Self, AwsError> {
        let header = headers.get("authorization").and_then(|value| value.to_str().ok());
        let header = header.ok_or_else(|| {
            AwsError::new("MissingAuthenticationTokenException", "Request is missing Authentication Token")
        })?;
        let credential = header.split_once("Credential=").map_or("", |(_, credential)| credential);
        let access_key = credential.split('/').next().unwrap_or_default();
        let of_function = || ROLES.iter().find(|role| access_key_id(role.function) == access_key).map(Self::Function);
        let caller = if access_key == ACCESS_KEY_ID { Some(Self::Stack) } else { of_function() };
        let unknown = "The security token included in the request is invalid.";
        caller.ok_or_else(|| AwsError::new("UnrecognizedClientException", unknown))
    }
}

impl Roles {
    /// Lets the roles refer to what a deployment's functions are told of by these variables, besides what they refer to
    /// already.
    pub fn deploy(&self, variables: &BTreeMap<String, String>) {
        self.lock().deployed.add(variables);
    }

    /// Takes an action on a resource from a function's role, as an operator may by mistake.
    pub fn withhold(&self, function: &'static str, action: &str, resource: Resource) {
        self.lock().withheld.insert((function, action.to_owned(), resource));
    }

    /// Gives back everything that was withheld.
    pub fn restore(&self) {
        self.lock().withheld.clear();
    }

    /// Waits for the next call that is refused because something is withheld.
    pub async fn next_denial(&self) {
        self.denials.notified().await;
    }

    /// What was called and allowed.
    pub fn used(&self) -> BTreeSet<Use> {
        self.lock().used.clone()
    }

    /// What was called and is in no role, in a sentence each: there must never be any.
    pub fn refused(&self) -> Vec<String> {
        self.lock().refused.clone()
    }

    /// What names stand for.
    pub(super) fn deployed(&self) -> Deployed {
        self.lock().deployed.clone()
    }

    /// Lets a call of that caller pass.
    ///
    /// # Errors
    /// AWS's own, where the role does not allow what the call needs.
    pub(super) fn check(&self, caller: Caller, needs: &[Need]) -> Result<(), Refusal> {
        let Caller::Function(role) = caller else { return Ok(()) };
        needs.iter().try_for_each(|need| self.check_one(role, need))
    }

    fn check_one(&self, role: &'static Role, need: &Need) -> Result<(), Refusal> {
        let mut inner = self.lock();
        let granted = need.resource.filter(|resource| role.allows(&need.action, *resource));
        let Some(resource) = granted else {
            let refusal = Refusal::of(role, need);
            tracing::error!(function = role.function, %refusal, "the function's role does not allow what it does");
            inner.refused.push(refusal.to_string());
            return Err(refusal);
        };
        let used = (role.function, need.action.clone(), resource);
        if inner.withheld.contains(&used) {
            self.denials.notify_waiters();
            return Err(Refusal::of(role, need));
        }
        inner.used.insert(used);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What IAM says of a call that no policy allows.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "User: arn:aws:sts::{account}:assumed-role/gmail-connect-{function}/gmail-connect-{function} is not authorized to \
     perform: {action}{on} because no identity-based policy allows the {action} action",
    account = super::ACCOUNT
)]
pub(super) struct Refusal {
    function: &'static str,
    action: String,
    on: String,
}

impl Refusal {
    fn of(role: &Role, need: &Need) -> Self {
        let on = need.arn.as_ref().map(|arn| format!(" on resource: {arn}")).unwrap_or_default();
        Self { function: role.function, action: need.action.clone(), on }
    }
}
