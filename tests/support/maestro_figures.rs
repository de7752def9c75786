//! The reference model's figures by the names of the reference data, and how they are compared.

use cfxc::cost::maestro::{Coefficients, Hardware, Report};

/// A figure of a report.
#[derive(Debug, Clone, Copy)]
pub enum Figure {
    /// Must be equal.
    Int(i64),
    /// Must agree to 1e-12 of its value; any two NaNs agree.
    Float(f64),
}

impl Figure {
    /// Whether the figure is what a printed one says.
    pub fn agrees(self, printed: &str) -> bool {
        match self {
            Figure::Int(value) => printed.parse() == Ok(value),
            Figure::Float(value) => {
                let unsigned = printed.strip_prefix('-').unwrap_or(printed);
                if unsigned == "nan" {
                    return value.is_nan();
                }
                printed.parse::<f64>().is_ok_and(|expected| {
                    value == expected || (value - expected).abs() <= 1e-12 * expected.abs()
                })
            }
        }
    }
}

/// The figure of this name, in the names of all three sets of reference data.
pub fn figure(report: &Report, name: &str) -> Option<Figure> {
    let int = |value| Some(Figure::Int(value));
    let float = |value| Some(Figure::Float(value));
    if let Some((tensor, count)) = name.split_once('_') {
        let counts = match tensor {
            "input" => Some(&report.input),
            "filter" => Some(&report.filter),
            "output" => Some(&report.output),
            _ => None,
        };
        if let Some(counts) = counts {
            return match count {
                "l1_read" => int(counts.l1_read),
                "l1_write" => int(counts.l1_write),
                "l2_read" => int(counts.l2_read),
                "l2_write" => int(counts.l2_write),
                "reuse_factor" => float(counts.reuse_factor()),
                _ => None,
            };
        }
    }
    if let Some((what, kind)) = name.split_once("_delay_") {
        let delay = match what {
            "ingress" => &report.ingress_delay,
            "egress" => &report.egress_delay,
            "compute" => &report.compute_delay,
            _ => return None,
        };
        return match kind {
            "min" => int(delay.min),
            "max" => int(delay.max),
            "avg" => int(delay.avg),
            _ => None,
        };
    }
    match name {
        "runtime_cycles" | "latency_cycles" => int(report.runtime_cycles),
        "activity_count_based_energy_nj" | "energy_nj" => float(report.energy_nj),
        "throughput_macs_per_cycle" => float(report.throughput_macs_per_cycle()),
        "throughput_per_energy_gmacs_per_s_j" => float(report.throughput_per_energy()),
        "ops_per_j" => float(report.ops_per_joule()),
        "area" | "area_um2" => float(report.area_um2),
        "power" | "power_mw" => float(report.power_mw()),
        "pe_power" => float(report.power.pe_mw),
        "l1_power" => float(report.power.l1_mw),
        "l2_power" => float(report.power.l2_mw),
        "noc_power" => float(report.power.noc_mw),
        "noc_bw_req_elements_per_cycle" | "peak_bw_req" | "noc_bandwidth_peak" => {
            int(report.noc_bandwidth_peak)
        }
        "avg_bw_req" | "noc_bandwidth_avg" => float(report.noc_bandwidth_avg),
        "offchip_bw_req_elements_per_cycle" | "offchip_bandwidth" => int(report.offchip_bandwidth),
        "l2_sram_size_req_bytes" | "l2_bytes" => int(report.l2_bytes),
        "l1_sram_size_req_bytes" | "l1_bytes" => int(report.l1_bytes),
        "multicasting_factor_weight" => float(report.filter.multicast_factor()),
        "multicasting_factor_input" => float(report.input.multicast_factor()),
        "num_total_input_pixels" => int(report.input_pixels),
        "num_total_weight_pixels" => int(report.weight_pixels),
        "num_macs" | "macs" => int(report.macs),
        "avg_number_of_utilized_pes" | "active_pes" => float(report.active_pes),
        "arithmetic_intensity" => float(report.arithmetic_intensity),
        _ => None,
    }
}

/// Hardware with the published constants.
pub fn hardware(pes: i64, bandwidth: i64, latency: i64, lanes: i64, offchip: i64) -> Hardware {
    Hardware {
        pes,
        simd_lanes: lanes,
        noc_bandwidth: bandwidth,
        noc_latency: latency,
        offchip_bandwidth: offchip,
        coefficients: Coefficients::published(),
    }
}
