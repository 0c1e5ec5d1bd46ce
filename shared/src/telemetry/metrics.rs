//! Metrics in Amazon's
//! [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html):
//! members of the line that each invocation has anyway. A metric is in a line only where something happened.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Call;
use crate::domain::time::Timestamp;

const NAMESPACE: &str = "GmailConnect";
/// The most values that a metric may have in a line.
const MOST_VALUES: usize = 100;
const COLD_STARTS: &str = "ColdStarts";
const REAUTHORIZATIONS: &str = "Reauthorizations";

/// The metric of each upstream call's milliseconds, by how the call's name begins.
const LATENCIES: [(&str, &str); 10] = [
    ("dynamodb.", "DynamoDbLatency"),
    ("eventbridge.", "EventBridgeLatency"),
    ("gmail.", "GmailLatency"),
    ("google.jwks", "GoogleKeysLatency"),
    ("google.revoke", "GoogleRevokeLatency"),
    ("google.risc_configuration", "GoogleKeysLatency"),
    ("google.token.", "GoogleTokenLatency"),
    ("google.userinfo", "GoogleUserinfoLatency"),
    ("kms.", "KmsLatency"),
    ("secretsmanager.", "SecretsManagerLatency"),
];

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Metric {
    /// A stored access token was used.
    AccessTokenCacheHits,
    /// AWS denied a call.
    AccessDenied,
    /// An instance handled its first invocation.
    ColdStarts,
    /// What requests to Gmail cost of its quota.
    GmailQuotaUnits,
    /// Something failed that the operator has to mend.
    Misconfigured,
    /// A user was asked to consent again.
    Reauthorizations {
        /// Why, in a word of ours: each word is a metric of its own, so there are few.
        cause: &'static str,
    },
    /// Google was asked for a new access token; further tries are not counted.
    Refreshes,
}

impl Metric {
    const fn name(self) -> &'static str {
        match self {
            Self::AccessTokenCacheHits => "AccessTokenCacheHits",
            Self::AccessDenied => "AccessDenied",
            Self::ColdStarts => COLD_STARTS,
            Self::GmailQuotaUnits => "GmailQuotaUnits",
            Self::Misconfigured => "Misconfigured",
            Self::Reauthorizations { .. } => REAUTHORIZATIONS,
            Self::Refreshes => "Refreshes",
        }
    }
}

/// What was measured in a while.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// The upstream calls, in the order in which they ended.
    pub(super) calls: Vec<Call>,
    counts: BTreeMap<&'static str, u64>,
    /// Of the latest reauthorization; an invocation has one answer, and so one at most.
    cause: Option<&'static str>,
}

impl Measured {
    /// Counts.
    pub(super) fn count(&mut self, metric: Metric, n: u64) {
        if n == 0 {
            return;
        }
        if let Metric::Reauthorizations { cause } = metric {
            self.cause = Some(cause);
        }
        let count = self.counts.entry(metric.name()).or_default();
        *count = count.saturating_add(n);
    }

    /// The metrics as members of the line of an invocation that began at that time; `None` if there are none.
    pub(super) fn to_members(&self, service: &str, function: &str, at: Timestamp) -> Option<Map<String, Value>> {
        let latencies = self.latencies();
        let directives = self.directives(&latencies);
        if directives.is_empty() {
            return None;
        }
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.extend([(name.to_owned(), value)]);
        put("_aws", json!({ "Timestamp": at.unix_millis(), "CloudWatchMetrics": directives }));
        put("Service", service.into());
        if self.counts.contains_key(COLD_STARTS) {
            put("Function", function.into());
        }
        if let Some(cause) = self.cause {
            put("Cause", cause.into());
        }
        for (name, count) in &self.counts {
            put(name, (*count).into());
        }
        for (name, values) in latencies {
            put(name, folded(values).into());
        }
        Some(members)
    }

    /// Which metrics there are, for each set of dimensions that has some.
    fn directives(&self, latencies: &BTreeMap<&str, Vec<f64>>) -> Vec<Value> {
        let definition = |name: &str, unit: &str| json!({ "Name": name, "Unit": unit });
        let counts = self.counts.keys().filter(|name| **name != COLD_STARTS).map(|name| definition(name, "Count"));
        let of_service = counts.chain(latencies.keys().map(|name| definition(name, "Milliseconds"))).collect();
        let cold_starts = self.counts.contains_key(COLD_STARTS).then(|| definition(COLD_STARTS, "Count"));
        let by_cause = self.cause.map(|_| definition(REAUTHORIZATIONS, "Count"));
        let sets: [(&[&str], Vec<Value>); 3] = [
            (&["Service"], of_service),
            (&["Service", "Function"], cold_starts.into_iter().collect()),
            (&["Service", "Cause"], by_cause.into_iter().collect()),
        ];
        let some = sets.into_iter().filter(|(_, metrics)| !metrics.is_empty());
        let directive = |(dimensions, metrics): (&[&str], Vec<Value>)| json!({ "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics });
        some.map(directive).collect()
    }

    fn latencies(&self) -> BTreeMap<&'static str, Vec<f64>> {
        let mut latencies = BTreeMap::<_, Vec<_>>::new();
        for Call { call, ms } in &self.calls {
            if let Some(metric) = latency_of(call) {
                latencies.entry(metric).or_default().push(*ms);
            }
        }
        latencies
    }
}

/// The stack's name, which the name of each Lambda function of it begins with: `NAME-<function>`.
pub(super) fn service<'a>(function_name: &'a str, function: &str) -> &'a str {
    let name = function_name.strip_suffix(function).and_then(|name| name.strip_suffix('-'));
    name.filter(|name| !name.is_empty()).unwrap_or(function_name)
}

fn latency_of(call: &str) -> Option<&'static str> {
    LATENCIES.iter().find(|(prefix, _)| call.starts_with(prefix)).map(|(_, metric)| *metric)
}

/// No more values than a line may have: of more, those at even distances by rank, the smallest and the largest among
/// them, so that averages and percentiles stay what they are.
fn folded(mut values: Vec<f64>) -> Vec<f64> {
    if values.len() <= MOST_VALUES {
        return values;
    }
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    (0..MOST_VALUES).filter_map(|nth| values.get(nth * last / (MOST_VALUES - 1)).copied()).collect()
}

#[cfg(test)]
mod tests;
