//! The four dataflow templates of ConfuciuX and the hardware it assumes, as mapping text.

use cfxc::cost::maestro::{Hardware, Layer, Mapping};

use super::maestro_figures::hardware;
use super::maestro_text::{TextError, parse_one};

/// PE counts of the menu.
pub const PES: [i64; 12] = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128];

/// Buffer levels of the menu.
pub const BUFFERS: [i64; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

const DLA: &str = "SpatialMap(KTileSz,KTileSz) K; TemporalMap(ClusterSz,ClusterSz) C;
    TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;
    TemporalMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X;
    Cluster(ClusterSz, P);
    SpatialMap(1,1) C; TemporalMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X;
    TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;";

const SHI: &str = "TemporalMap(KTileSz,KTileSz) K; SpatialMap(Sz(R),Sz(R)) Y';
    TemporalMap(ClusterSz,ClusterSz) X'; TemporalMap(CTileSz,CTileSz) C;
    TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;
    Cluster(ClusterSz, P);
    TemporalMap(1,1) C; TemporalMap(1,1) Y'; SpatialMap(1,1) X';
    TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;";

const EYE: &str = "TemporalMap(CTileSz,CTileSz) C; TemporalMap(KTileSz,KTileSz) K;
    SpatialMap(ClusterSz,ClusterSz) Y'; TemporalMap(Sz(S),Sz(S)) X';
    TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;
    Cluster(ClusterSz, P);
    TemporalMap(1,1) C; SpatialMap(1,1) Y'; SpatialMap(1,1) X';
    TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;";

const DPT: &str = "SpatialMap(KTileSz,KTileSz) C; TemporalMap(Sz(R),1) Y; TemporalMap(Sz(S),1) X;
    TemporalMap(Sz(R),Sz(R)) R; TemporalMap(Sz(S),Sz(S)) S;";

/// A layer as ConfuciuX lists it: K, C, Y, X, R, S, T, where T is 1 for convolutions and 2 for
/// depthwise ones.
pub type Row = [i64; 7];

/// The layer mapped by the dataflow of this name (`dla`, `shi` or `eye`) at a design point.
/// Depthwise layers are mapped by `dpt` whatever the name.
pub fn problem(
    dataflow: &str,
    row: &Row,
    pes: i64,
    buffer: i64,
) -> Result<(Layer, Mapping, Hardware), TextError> {
    let [k, c, y, x, r, s, t] = row;
    let (kind, template) = match (t, dataflow) {
        (2, _) => ("DSCONV", DPT),
        (_, "dla") => ("CONV", DLA),
        (_, "shi") => ("CONV", SHI),
        (_, "eye") => ("CONV", EYE),
        _ => return Err(TextError::Syntax(format!("no dataflow `{dataflow}`"))),
    };
    let (layer, mapping) = parse_one(&format!(
        "Constant KTileSz {buffer}; Constant CTileSz 1; Constant ClusterSz {pes};
        Network n {{ Layer l {{ Type: {kind}
        Dimensions {{ K: {k}, C: {c}, Y: {y}, X: {x}, R: {r}, S: {s} }}
        Dataflow {{ {template} }} }} }}"
    ))?;
    Ok((layer, mapping, hardware(pes, 81_920_000, 1, 1, 70_000)))
}
