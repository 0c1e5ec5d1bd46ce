//! A real browser, headless, for what only a browser shows: redirects, cookies, pages as people see them.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::{
    BrowserCapabilitiesHelper, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
    error::WebDriverError,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{binaries::target_directory, http_client::http_client, process_group};

/// How long chromedriver may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// What every browser is started with: no window, no sandbox (there is none in most containers), no calls home.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
];

/// The part of a page that is seen, in CSS pixels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Viewport {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Viewport {
    /// A phone, held upright.
    pub const PHONE: Self = Self { width: 390, height: 844 };
    /// A laptop.
    pub const LAPTOP: Self = Self { width: 1280, height: 800 };
}

/// A browser with its chromedriver and an empty profile; all three are gone when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    chromedriver: Chromedriver,
    /// Holds the profile and all temporary files; removed after the processes that write there.
    _folder: TempDir,
}

impl Browser {
    /// A browser the size of a phone, which asks for pages in that language (`en`, `he`).
    ///
    /// `None`, with a printed line that says so, on a machine without Chromium or chromedriver.
    ///
    /// # Errors
    /// If the browser does not start, or is not there and the variable `CI` is set.
    pub async fn start(language: &str) -> Result<Option<Self>, BrowserError> {
        Self::start_sized(language, Viewport::PHONE).await
    }

    /// As [`Browser::start`], in another size.
    ///
    /// # Errors
    /// As [`Browser::start`].
    pub async fn start_sized(language: &str, viewport: Viewport) -> Result<Option<Self>, BrowserError> {
        match (find(&["chromium", "chromium-browser", "google-chrome"]), find(&["chromedriver"])) {
            (Some(chromium), Some(chromedriver)) => {
                Self::launch(chromium, chromedriver, language, viewport).await.map(Some)
            }
            _ if env::var_os("CI").is_some() => Err(BrowserError::Absent),
            _ => {
                eprintln!("Skipped, for {}.", BrowserError::Absent);
                Ok(None)
            }
        }
    }

    async fn launch(
        chromium: PathBuf,
        chromedriver: PathBuf,
        language: &str,
        viewport: Viewport,
    ) -> Result<Self, BrowserError> {
        let folder = TempDir::new()?;
        let chromedriver = Chromedriver::start(chromedriver, folder.path()).await?;
        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_binary(&chromium.to_string_lossy())?;
        for argument in ARGUMENTS {
            capabilities.add_arg(argument)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", folder.path().join("profile").display()))?;
        capabilities.add_arg(&format!("--accept-lang={language}"))?;
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        // A window is never narrower than 500 pixels; an emulated screen is.
        let Viewport { width, height } = viewport;
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 1, "mobile": width < 600 });
        capabilities.set_browser_option("mobileEmulation", json!({ "deviceMetrics": metrics }))?;
        let url = format!("http://127.0.0.1:{}", chromedriver.port);
        let driver = WebDriver::builder(url, capabilities).client(http_client()?).connect().await?;
        Ok(Self { driver, chromedriver, _folder: folder })
    }

    /// The session, to drive the browser with; `browser_log` of it holds what pages wrote to the console.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Writes what is seen to `screenshots/NAME.png` in Cargo's target directory, and says where that is.
    ///
    /// # Errors
    /// If the browser gives no picture, or it cannot be written.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf, BrowserError> {
        let folder = target_directory().join("screenshots");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        fs::write(&path, self.driver.screenshot_as_png().await?)?;
        Ok(path)
    }

    /// Ends the session and both processes.
    ///
    /// # Errors
    /// If the session had ended before.
    pub async fn quit(self) -> Result<(), BrowserError> {
        Ok(self.driver.clone().quit().await?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.chromedriver.kill();
        // The session went with the process. It may have been ended before; then nothing is left to do.
        let _ = self.driver.clone().leak();
    }
}

#[derive(Debug)]
struct Chromedriver {
    process: Child,
    port: u16,
    /// Kept open, for chromedriver ends when it cannot print.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Chromedriver {
    async fn start(path: PathBuf, folder: &Path) -> Result<Self, BrowserError> {
        let mut command = Command::new(path);
        command.env("TMPDIR", folder).arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.process_group(0).kill_on_drop(true).spawn()?;
        let output = process.stdout.take().ok_or(BrowserError::Silent)?;
        let mut output = BufReader::new(output).lines();
        let port = timeout(START_LIMIT, port(&mut output)).await.map_err(|_| BrowserError::Silent)??;
        Ok(Self { process, port, _output: output })
    }

    /// Kills it and the browser, which is in its process group.
    fn kill(&self) {
        if let Some(id) = self.process.id() {
            // It may have ended by itself; then nothing is left to do.
            let _ = process_group::signal(id, "KILL");
        }
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The port that chromedriver says it listens on.
async fn port(output: &mut Lines<BufReader<ChildStdout>>) -> Result<u16, BrowserError> {
    while let Some(line) = output.next_line().await? {
        let port =
            line.rsplit_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').parse());
        if let Some(Ok(port)) = port {
            return Ok(port);
        }
    }
    Err(BrowserError::Silent)
}

fn find(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = env::split_paths(&path).chain([PathBuf::from("/usr/bin")]).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

/// Why there is no browser, or it did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// Not installed.
    #[error("Chromium and chromedriver are not both installed (Debian: chromium, chromium-driver)")]
    Absent,
    /// chromedriver did not say in time where it listens.
    #[error("chromedriver did not start")]
    Silent,
    /// A process or a file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The client for chromedriver.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    /// The browser refused.
    #[error(transparent)]
    Driver(#[from] WebDriverError),
}
