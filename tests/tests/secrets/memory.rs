//! What is in the memory of a process after its requests.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::deployment::{Deployment, Secret};

/// All that a process may write to, as its parent may read it.
fn writable(process: u32) -> io::Result<Vec<u8>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let mut memory = File::open(format!("/proc/{process}/mem"))?;
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        memory.seek(SeekFrom::Start(from))?;
        let mut region = Vec::new();
        // The kernel's own regions are listed and cannot be read.
        let _ = (&mut memory).take(to - from).read_to_end(&mut region);
        all.extend(region);
    }
    Ok(all)
}

fn count(memory: &[u8], secret: &[u8]) -> usize {
    let first = secret[0];
    let (mut found, mut at) = (0, 0);
    while let Some(next) = memory[at..].iter().position(|byte| *byte == first) {
        at += next;
        found += usize::from(memory[at..].starts_with(secret));
        at += 1;
    }
    found
}

/// How often each kind of secret is there, in plain.
fn found(memory: &[u8], secrets: impl IntoIterator<Item = Secret>) -> BTreeMap<&'static str, usize> {
    let mut all = BTreeMap::new();
    for (kind, secret) in secrets {
        let mut copies = count(memory, secret.as_bytes());
        if kind == "data key" {
            let key = STANDARD.decode(format!("{secret}=")).unwrap();
            copies += count(memory, &key);
            if count(memory, &key) > 0 { println!("raw data key: {}", count(memory, &key)); }
        }
        if copies > 0 {
            *all.entry(kind).or_default() += copies;
        }
    }
    all
}

#[tokio::test]
async fn measure() {
    let mut deployment = Deployment::with_anna(&["authorize-url", "callback", "list-messages", "connection"], "info").await;
    deployment.get("/messages").await;
    deployment.get("/connection").await;
    let secrets = deployment.secrets();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, _) in &secrets { *kinds.entry(kind).or_default() += 1; }
    println!("known: {kinds:?}");
    for (name, process) in deployment.processes() {
        process.asks(2).await.unwrap();
        let memory = writable(process.id()).unwrap();
        regions(process.id(), &secrets);
        println!("{name}: {} bytes {:?}", memory.len(), found(&memory, secrets.clone()));
    }
}

fn regions(process: u32, secrets: &std::collections::BTreeSet<Secret>) {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        memory.seek(SeekFrom::Start(from)).unwrap();
        let mut region = Vec::new();
        let _ = (&mut memory).take(to - from).read_to_end(&mut region);
        for (kind, secret) in secrets {
            let mut needle = secret.as_bytes().to_vec();
            if *kind == "data key" { needle = STANDARD.decode(format!("{secret}=")).unwrap(); }
            for at in 0..region.len() {
                if region[at..].starts_with(&needle) {
                    let a = at.saturating_sub(64);
                    println!("  {kind} at {:x} in {line}: {}", at, String::from_utf8_lossy(&region[a..at]).escape_debug());
                }
            }
        }
    }
}
