//! What the local stack says when it has started.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use crate::{
    aws::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY},
    stack::Stack,
};

/// What can be made to go wrong, for the help.
pub(super) const FAULTS: &str = "\
Faults: NAME=EFFECT happens to every call, NAME=EFFECTx2 to the next two.
  Names of AWS      DynamoDB, EventBridge, KMS, SecretsManager, or one operation, such as KMS.Decrypt
  Names of Google   authorization, token, certs, userinfo, revoke, list, get, batch, batch-part
  Effects of both   500 to 599    that status
                    delay:200ms   the right answer, later
                    hang          no answer
                    disconnect    nothing is done, and the connection breaks
                    lose-answer   the call is carried out, and the connection breaks
  Of AWS only       throttle      the service's throttling error
                    the name of an exception, such as AccessDeniedException
  EventBridge only  fail-entries:0+2  of each PutEvents these entries, counted from 0, with InternalFailure
  Of Google only    200 to 499    that status
                    hang:5s       no answer for that long, then the connection breaks
                    malformed     a body that breaks off
                    an error of Gmail, such as userRateLimitExceeded or domainPolicy
  Of token only     an error such as invalid_client or invalid_grant:invalid_rapt
                    no_refresh_token
                    scope:SCOPES  the token response names these
                    id_token:WHAT is wrong with it, such as bad_signature or wrong_nonce
  An unknown name or effect is answered with all that there are.
  Examples          --fault token=503x2   --fault KMS.Decrypt=throttle,list=userRateLimitExceededx3";

/// Where everything is and what to do next.
pub(super) fn started(stack: &Stack, data: Option<&Path>, emulators_only: bool) -> String {
    let mut text = String::from("\nGmail Connect runs on this machine.\n\n");
    if !emulators_only {
        line(&mut text, "Open", &format!("{}/", stack.base_url()));
    }
    match stack.google_origin() {
        Some(origin) => line(&mut text, "Google", &format!("emulated at {origin}; no real account is touched")),
        None => line(&mut text, "Google", "the real one, with the client of the given file"),
    }
    line(
        &mut text,
        "AWS",
        &format!("embedded at {}: DynamoDB, Secrets Manager, KMS, EventBridge", stack.aws().endpoint()),
    );
    match data {
        Some(file) => line(&mut text, "Data", &format!("kept in {}", file.display())),
        None => line(&mut text, "Data", "in memory, gone at the end; keep it with --data FILE"),
    }
    text.push('\n');
    if stack.google_origin().is_none() {
        text.push_str(&redirect_uri(stack));
    }
    text.push_str(&if emulators_only { next_for_cargo_lambda(stack) } else { next(stack) });
    text.push_str("Ctrl-C ends it.\n\n");
    text
}

fn line(text: &mut String, name: &str, value: &str) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "  {name:<8}{value}");
}

fn redirect_uri(stack: &Stack) -> String {
    let uri = stack.redirect_uri();
    if stack.redirect_uri_is_registered() {
        return format!("Google sends browsers back to {uri}, which the file lists.\n\n");
    }
    format!(
        "warning: the file does not list the redirect URI {uri}\n         \
         Add it to the client's authorized redirect URIs in the Google Cloud console, download the file again and\n         \
         start again with it.\n\n"
    )
}

fn next(stack: &Stack) -> String {
    let base_url = stack.base_url();
    let sample = stack.google().and_then(|google| google.accounts().first());
    let user_id = sample.map_or("USER_ID", |account| &account.sub);
    let whose = sample.map_or_else(
        || "whose USER_ID is the account's “sub”".to_owned(),
        |account| format!("here those of {}", account.email),
    );
    format!(
        "Open the page and press “Connect Gmail”: the account's messages show there.\n{}\
         A backend reads the messages of a connected account with a signature of AWS IAM, {whose}:\n\n  \
         curl --aws-sigv4 aws:amz:{REGION}:execute-api --user {ACCESS_KEY_ID}:{SECRET_ACCESS_KEY} \\\n    \
         {base_url}/users/{user_id}/messages\n\n\
         To see something fail, start with a fault, such as --fault KMS.Decrypt=throttle; --help lists them.\n\
         To run the functions under cargo lambda instead, start with --emulators-only.\n\
         The functions' log lines follow, one for each request. ",
        connections(stack)
    )
}

fn connections(stack: &Stack) -> String {
    stack.google_origin().map_or_else(String::new, |origin| {
        format!(
            "What an account has granted is at {origin}/connections. What is ended there, Google tells the functions.\n"
        )
    })
}

fn next_for_cargo_lambda(stack: &Stack) -> String {
    let port = stack.base_url().rsplit(':').next().unwrap_or_default();
    format!(
        "The functions' environment goes to standard output. With “> emulators.env” behind this command it is\n\
         in a file; in another terminal, while this one runs:\n\n  \
         . ./emulators.env\n  \
         cargo lambda watch --ignore-changes --invoke-address 127.0.0.1 --invoke-port {port}\n\n\
         Then open {}/authorize.\n{}",
        stack.base_url(),
        connections(stack)
    )
}

/// The environment as lines that a POSIX shell reads.
pub(super) fn exports(variables: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        let _ = writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_value_stays_in_it() {
        let variables = BTreeMap::from([("A".to_owned(), "it's".to_owned()), ("B".to_owned(), "b c".to_owned())]);
        assert_eq!(exports(&variables), "export A='it'\\''s'\nexport B='b c'\n");
    }
}
