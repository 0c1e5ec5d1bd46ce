//! The command line of the local stack: its options, and what it tells the person who started it.

mod doctor;
mod options;
mod security_events;
mod text;

use std::{
    env,
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand, error::ErrorKind};

use crate::{
    google::Account,
    stack::{Fault, Settings, Stack},
};

/// The functions' own settings, which the stack takes over from its environment.
const TAKEN_OVER: [&str; 6] = [
    "ALLOWED_RETURN_ORIGINS",
    "GMAIL_BATCHES_AT_ONCE",
    "GMAIL_QUOTA_UNITS_PER_MINUTE",
    "RUST_LOG",
    "SCOPES",
    "SESSION_TTL_SECONDS",
];

/// Runs Gmail Connect on this machine: the functions, an embedded AWS and an emulated Google.
#[derive(Debug, Parser)]
#[command(name = "gmail-connect-local", version, after_help = text::FAULTS, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// Port to open in the browser [default: 8787; with --emulators-only cargo lambda's 9000]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Port of the emulated Google [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    google_port: u16,

    /// Port of the embedded AWS [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    aws_port: u16,

    /// File to keep data in [default: memory]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,

    /// Messages in the sample mailbox
    #[arg(long, value_name = "NUMBER", default_value_t = 250)]
    mailbox_size: usize,

    /// Gmail quota units of each user and minute [default: 6000]
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    gmail_quota: Option<u64>,

    /// Use the real Google with this web client's `client_secret.json`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["google_port", "mailbox_size"])]
    client_secret: Option<PathBuf>,

    /// Run the emulators only and print the environment for `cargo lambda watch`
    #[arg(long)]
    emulators_only: bool,

    /// Let calls fail: NAME=EFFECT, or NAME=EFFECTxTIMES; repeatable, see below
    #[arg(long = "fault", value_name = "FAULT", value_delimiter = ',')]
    faults: Vec<Fault>,
}

/// What there is to do instead of starting the stack.
#[derive(Debug, Subcommand)]
enum Command {
    Doctor(doctor::Arguments),
    SecurityEvents(security_events::Arguments),
}

/// Reads the command line and does what it says: by default, starts the stack and waits for the end of the process to be
/// asked for.
pub async fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    match arguments.command {
        Some(Command::Doctor(arguments)) => doctor::run(arguments).await,
        Some(Command::SecurityEvents(arguments)) => security_events::run(arguments).await,
        None => start(arguments).await,
    }
}

async fn start(arguments: Arguments) -> ExitCode {
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let ended = asked_to_end()?;
    if !arguments.emulators_only {
        shared::telemetry::init(env::var("RUST_LOG").ok().as_deref());
    }
    let (emulators_only, data) = (arguments.emulators_only, arguments.data.clone());
    let stack = Stack::start(arguments.settings()).await?;
    let text = text::started(&stack, data.as_deref(), emulators_only);
    if emulators_only {
        // Standard output is for the shell that reads the environment.
        eprint!("{text}");
        print(&text::exports(stack.variables()));
    } else {
        print(&text);
    }
    ended.await;
    Ok(())
}

impl Arguments {
    fn settings(self) -> Settings {
        let port = self.port.unwrap_or(if self.emulators_only { 9000 } else { 8787 });
        let taken_over = TAKEN_OVER.iter().filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)));
        Settings {
            port,
            aws_port: self.aws_port,
            google_port: self.google_port,
            data: self.data,
            accounts: Account::samples(self.mailbox_size),
            gmail_quota: self.gmail_quota,
            client_secret: self.client_secret,
            emulators_only: self.emulators_only,
            faults: self.faults,
            variables: taken_over.collect(),
            ..Settings::default()
        }
    }
}

/// Help and version go out as they are; of an error, the one line that says what is wrong.
fn refuse(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let rendered = error.render().to_string();
    let message: Vec<_> = rendered.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    eprintln!("{}", message.join(" "));
    ExitCode::from(2)
}

/// Prints a text; whoever closed the pipe does not want it.
fn print(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes());
    let _ = output.flush();
}

/// Listens from now on for Ctrl-C or, where there is one, the signal to terminate; the future ends with the first.
#[cfg(unix)]
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// The future ends with Ctrl-C.
#[cfg(not(unix))]
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_port_is_cargo_lambdas_where_the_functions_run_there() {
        for (line, port) in [("x", 8787), ("x --emulators-only", 9000), ("x --emulators-only --port 9100", 9100)] {
            let arguments = Arguments::parse_from(line.split(' '));
            assert_eq!(arguments.settings().port, port, "{line}");
        }
    }
}
