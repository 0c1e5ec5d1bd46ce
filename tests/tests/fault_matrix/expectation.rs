//! What is documented: the answer to each request while one of its calls fails.

use super::{
    call::{host_of, is_write},
    fault::Fault,
    relay::Strike,
    scene::Outcome,
};

/// What has to come of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expected {
    /// What was asked for: the call is done without, or tried again in time.
    Success,
    /// The documented failure.
    Failure,
    /// One of both: who is called may have done what was asked, or the failure is one that the next try decides.
    Either,
}

/// One call of a function, and what becomes of it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) function: &'a str,
    pub(super) strike: &'a Strike,
}

impl Row<'_> {
    /// What has to come of it.
    pub(super) fn expected(&self) -> Expected {
        // The type says where the parts of a batch end; else what it is, is seen without it.
        let is_only_named = self.strike.fault == Fault::WrongType && self.strike.call != "Gmail.batch";
        if self.is_dispensable() || is_only_named {
            Expected::Success
        } else if self.is_given_up() {
            Expected::Failure
        } else if self.strike.lasts {
            if self.may_have_effect() { Expected::Either } else { Expected::Failure }
        } else if self.is_tried_again() {
            Expected::Success
        } else {
            Expected::Either
        }
    }

    /// The documented failure.
    pub(super) fn failure(&self) -> Outcome {
        let (status, code) = match (self.function, host_of(&self.strike.call), &self.strike.fault) {
            ("connection-events", ..) => (200, "delivered_again"),
            ("callback", "Token" | "Keys", _) => (502, "google_unavailable"),
            ("callback", "UserInfo", _) => (502, "no_user_id"),
            ("list-messages", "Gmail", Fault::Status(429, _)) => (429, "rate_limited"),
            // With the lease somebody else is faster, over and over.
            ("list-messages", "Gmail" | "Token", _)
            | (
                "list-messages",
                "DynamoDB",
                Fault::Aws("ConditionalCheckFailedException" | "TransactionConflictException"),
            ) => (503, "google_unavailable"),
            (_, "DynamoDB" | "KMS" | "SecretsManager", _) | ("security-events", "Risc" | "Keys", _) => {
                (503, "unavailable")
            }
            (function, host, _) => panic!("there is no documented answer to {function} without {host}"),
        };
        Outcome { status, code: code.to_owned() }
    }

    /// Whether the request does without.
    fn is_dispensable(&self) -> bool {
        match (self.function, self.strike.call.as_str()) {
            // Google is told as well as can be, and what is stored goes; the quota is kept as well as can be.
            ("connection", "Revocation.revoke") | ("list-messages", "DynamoDB.UpdateItem(quota)") => true,
            // A token that cannot be shared is used all the same.
            ("list-messages", "DynamoDB.UpdateItem(connection)") => self.strike.nth == 2,
            // The messages that could not be had are named.
            ("list-messages", "Gmail.batch") => matches!(&self.strike.fault, Fault::Enormous | Fault::Part(_)),
            // Each secret is read by itself, unless nobody is there at all.
            (_, "SecretsManager.BatchGetSecretValue") => {
                matches!(self.strike.fault, Fault::Aws(_) | Fault::Status(..) | Fault::Malformed | Fault::Page)
            }
            _ => false,
        }
    }

    /// Whether it is not tried again even where it would go well: because whoever is asked wants a long rest, because a code
    /// is used up by what may have arrived, or because anyone could cause such calls.
    fn is_given_up(&self) -> bool {
        match (self.function, self.strike.call.as_str()) {
            ("security-events", "Risc.get" | "Keys.get") => true,
            ("callback", "Token.code") if self.may_have_arrived() => true,
            ("callback", "Keys.get") => self.strike.lasts,
            _ => self.strike.fault.wants_a_long_rest(),
        }
    }

    /// Whether it is the word for somebody else's being faster.
    pub(super) fn is_contention(&self) -> bool {
        matches!(&self.strike.fault, Fault::Aws("ConditionalCheckFailedException" | "TransactionConflictException"))
    }

    /// Whether who is called may have taken the request in.
    pub(super) fn may_have_arrived(&self) -> bool {
        !matches!(&self.strike.fault, Fault::Status(..)) && !Fault::OF_HOST.contains(&self.strike.fault)
    }

    /// Whether the call may do its work though there is no answer.
    fn may_have_effect(&self) -> bool {
        is_write(&self.strike.call)
            && matches!(&self.strike.fault, Fault::ResetWithin | Fault::Truncated | Fault::Malformed | Fault::Drip)
    }

    /// Whether the next try brings what was asked for.
    fn is_tried_again(&self) -> bool {
        match &self.strike.fault {
            Fault::ResetBefore
            | Fault::ResetWithin
            | Fault::Truncated
            | Fault::WrongType
            | Fault::Status(500..=503, None) => true,
            Fault::Hang | Fault::Drip => self.is_of_aws(),
            Fault::Status(408 | 429, _) => !self.is_of_aws(),
            Fault::Aws(code) => matches!(*code, "ProvisionedThroughputExceededException" | "ThrottlingException"),
            _ => false,
        }
    }

    fn is_of_aws(&self) -> bool {
        !Fault::of_aws(host_of(&self.strike.call)).is_empty()
    }
}
