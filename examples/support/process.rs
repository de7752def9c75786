//! What a process has taken, where the system says so.

/// The most memory this process has had, in MB, where the system says so.
pub fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Ticks per second in which Linux states processor time.
const TICKS: f64 = 100.0;

#[allow(dead_code)] // each program asks for what it prints
/// Seconds of processor time this process has taken, where the system says so. Unlike the time on
/// the clock it does not count what other programs take.
pub fn processor() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is a name in parentheses; user and system time are the 14th and 15th.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}
