//! What is told of a process' use of the machine.

use std::{net::Ipv4Addr, process::Stdio, time::Duration};

use tests::usage::{Usage, cpu_time, machine_time, peak_memory};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::PATIENCE;

/// A shell that does something, says so, and waits until it is dropped.
async fn shell(script: &str) -> (Child, u32) {
    let script = format!("{script}; echo done; read -r _");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).await.unwrap();
    assert_eq!(line, "done\n");
    let id = child.id().unwrap();
    (child, id)
}

#[tokio::test]
async fn open_files_are_counted_and_sockets_among_them_and_those_that_only_the_other_end_has_closed() {
    let (_plain, id) = shell(":").await;
    let plain = Usage::of(id);
    assert_eq!((plain.sockets, plain.half_closed, plain.threads), (0, 0, 1));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (_child, id) = shell(&format!("exec 5</dev/null 6<>/dev/tcp/127.0.0.1/{port}")).await;
    let (peer, _) = listener.accept().await.unwrap();
    let usage = Usage::of(id);
    assert_eq!((usage.files, usage.sockets, usage.half_closed), (plain.files + 2, 1, 0));
    drop(peer);
    let closed = async {
        while Usage::of(id).half_closed == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, closed).await.unwrap();
    assert_eq!(Usage::of(id).sockets, 1);
}

#[tokio::test]
async fn memory_is_told_as_it_is_and_as_it_was_at_most() {
    let (_child, id) = shell("text=$(head -c 20000000 /dev/zero | tr '\\0' x); few=${#text}; text=").await;
    let usage = Usage::of(id);
    assert!(usage.peak_memory > 20_000, "{usage:?}");
    assert!((1..usage.resident).contains(&usage.memory) && usage.resident <= usage.peak_memory, "{usage:?}");
    assert_eq!(peak_memory(id), usage.peak_memory);
}

#[tokio::test]
async fn the_processors_time_is_told_by_both_clocks_and_the_machines_is_no_less() {
    let (busy, _) = machine_time();
    let (_child, id) = shell("for ((i = 0; i < 300000; i++)); do :; done").await;
    let (ticks, nanos) = (Usage::of(id).cpu, cpu_time(id));
    assert!(ticks >= Duration::from_millis(50), "{ticks:?}");
    assert!(ticks.abs_diff(nanos) < Duration::from_millis(50), "{ticks:?} {nanos:?}");
    let (busy_after, all) = machine_time();
    let passed = Duration::from_secs_f64(busy_after - busy);
    assert!(passed + Duration::from_millis(100) > ticks && busy_after < all, "{passed:?} {ticks:?}");
}
