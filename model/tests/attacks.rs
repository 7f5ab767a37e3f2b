//! Parameter files and checkpoints under attack. (Every cut and every changed byte of a parameter file: see
//! `params_file.rs`. Allocations: `allocation.rs`.)

#[path = "../../datasets/tests/attack/mod.rs"]
mod attack;

use attack::{Numbers, damaged, every_changed_byte, every_cut, hollow, within};
use datasets::Dataset;
use layers::Init;
use model::{
    Checkpoint, Event, Images, LayerSpec, Network, NetworkSpec, Origin, ParamsError, Trainer, TrainerConfig,
    params_sha256,
};
use optim::OptimizerKind;
use sha2::{Digest, Sha256};

const FIXTURE: &[u8] = include_bytes!("fixtures/params-v1.postcard");

/// A file of this content whose header and checksum are right.
fn sealed(content: &[u8]) -> Vec<u8> {
    sealed_as(&FIXTURE[..12], content)
}

/// The same behind other first bytes: what kind of file it is, and of which version.
fn sealed_as(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_vec();
    bytes.extend((content.len() as u64).to_le_bytes());
    bytes.extend(content);
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// As the format writes a whole number.
fn written(number: usize) -> Vec<u8> {
    postcard::to_stdvec(&number).expect("into memory")
}

fn error(content: &[u8]) -> ParamsError {
    let file = sealed(content);
    within(1, "a hostile content", move || Network::<f32>::from_bytes(&file).unwrap_err())
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (what, path) in attack::no_files(folder.path()) {
        let name = path.display().to_string();
        let message = within(1, what, move || Network::<f32>::load(&path).unwrap_err().to_string());
        assert!(message.starts_with(&format!("cannot read {name}: ")), "{what}: {message}");
    }
}

/// Told by its beginning, before anything is read or allocated.
#[test]
fn large_files_that_are_something_else_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let header = &FIXTURE[..20];
    for (start, words) in [
        (&b""[..], "not a parameter file"),
        (b"\x80\x04\x95 a pickle", "not a parameter file"),
        (&header[..9], "bytes long"),
        (header, "bytes long"),
        (FIXTURE, "bytes long"),
    ] {
        hollow(&path, start, 1 << 40);
        let path = path.clone();
        let message = within(1, words, move || Network::<f32>::load(&path).unwrap_err().to_string());
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn contents_that_are_hostile() {
    let [million, relu] = [written(1_000_000), vec![1]];
    // A million layers, which would take an hour where each name counted all names before it; no layer with scores.
    let layers = [&[1, 2][..], &million, &relu.repeat(1_000_000), &[0]].concat();
    within(5, "a million layers", move || Network::<f32>::from_bytes(&sealed(&layers)).map(drop)).unwrap();
    // A million axes.
    assert_eq!(
        error(&[&million[..], &[1; 1_000_000], &[0, 0]].concat()).to_string(),
        "the file says 1000000 axes, but at most 32 are read"
    );
    // A million arrays with neither names nor values: [] has one.
    let arrays = [&[1, 2, 1, 1][..], &million, &[0, 0, 0, 0].repeat(1_000_000)].concat();
    assert!(matches!(error(&arrays), ParamsError::Unexpected { .. }));
    // Sizes whose product is 2^64, that is 0 where it wraps.
    let huge = [written(1 << 32), written(1 << 32)].concat();
    let product = [&[2][..], &huge, &[1, 1, 0]].concat();
    assert!(matches!(error(&product), ParamsError::Spec(_)), "{}", error(&product));
    let name = [&[2][..], b"W1"].concat();
    let product = [&[1, 2, 0, 1][..], &name, &[2], &huge, &[0, 0]].concat();
    assert!(matches!(error(&product), ParamsError::Spec(_)), "no layers: {}", error(&product));
}

/// A name is whatever somebody wrote into the file: no line breaks, no commands to the terminal, no page of it.
#[test]
fn hostile_names_are_shown_as_they_are() {
    let affine = LayerSpec::Affine { outputs: 2, init: Init::default() };
    let network = Network::<f32>::build(NetworkSpec { input: vec![2], layers: vec![affine] }, 0).unwrap();
    let bytes = network.to_bytes();
    let content = &bytes[20..bytes.len() - 32];
    let at = content.windows(3).position(|bytes| bytes == b"\x02W1").expect("the first array");
    let name = format!("W1\n\x1b[2Jerror: {}", "x".repeat(100_000));
    let hostile = [&content[..at], &written(name.len()), name.as_bytes(), &content[at + 3..]].concat();
    assert_eq!(
        error(&hostile).to_string(),
        "expected W1 of shape [2, 2], found W1\\n\\u{1b}[2Jerror: xxxxxxxxxxxxxxxxxxxx… of shape [2, 2]"
    );
}

/// Six and two images of 2×2 pixels.
fn tiny_data() -> [Dataset; 2] {
    [6, 2].map(|count: u8| {
        let pixels = (0..4 * count).map(|i| 10 * i).collect();
        Dataset::new(pixels, (0..count).map(|i| i % 2).collect(), [1, 2, 2], 2).unwrap()
    })
}

/// The checkpoint of a small training with this optimizer after three of four steps: within the second epoch.
fn tiny_checkpoint(optimizer: OptimizerKind) -> Vec<u8> {
    let [train, test] = tiny_data();
    let layers =
        vec![LayerSpec::Dropout { ratio: 0.25 }, LayerSpec::Affine { outputs: 2, init: Init::Normal { std: 0.5 } }];
    let mut network = Network::build(NetworkSpec { input: vec![1, 2, 2], layers }, 0).unwrap();
    let (train_images, test_images) = (Images::of(&train), Images::of(&test));
    let first_params = Origin::weights_sha256(&network);
    let origin = Origin { first_params, data: "tiny".to_string(), train: train_images, test: test_images };
    let optimizer = optimizer.config();
    let config = TrainerConfig { epochs: 2, batch_size: 3, optimizer, ..TrainerConfig::default() };
    let mut trainer = Trainer::new(config).unwrap();
    let mut training = trainer.start(&mut network, &train, &test).unwrap();
    let mut steps = 0;
    while steps < 3 {
        steps += usize::from(matches!(training.next_event().unwrap(), Some(Event::Step { .. })));
    }
    training.checkpoint(&origin)
}

/// Whether a checkpoint can be read. It is also gone on from for a few events, which may fail but not panic.
fn goes_on(bytes: &[u8], [train, test]: &[Dataset; 2]) -> bool {
    let Ok(Checkpoint { mut network, mut trainer, .. }) = Checkpoint::from_bytes(bytes) else { return false };
    if let Ok(mut training) = trainer.start(&mut network, train, test) {
        for _ in 0..6 {
            if !matches!(training.next_event(), Ok(Some(_))) {
                break;
            }
        }
    }
    true
}

#[test]
fn every_damage_to_a_checkpoint_is_noticed() {
    let good = tiny_checkpoint(OptimizerKind::Adam);
    assert!(goes_on(&good, &tiny_data()));
    every_cut(&good, |bytes| assert!(Checkpoint::from_bytes(bytes).is_err(), "cut to {}", bytes.len()));
    every_changed_byte(&good, |bytes, at| assert!(Checkpoint::from_bytes(bytes).is_err(), "byte {at}"));
    let longer = Checkpoint::from_bytes(&[&good[..], &[0]].concat()).unwrap_err().to_string();
    assert!(longer.contains("bytes long, but its header says"), "{longer}");
}

/// Someone may also write a wrong checkpoint on purpose, with a right checksum.
#[test]
fn no_content_of_a_checkpoint_makes_the_trainer_panic() {
    let data = tiny_data();
    for optimizer in [OptimizerKind::Sgd, OptimizerKind::Adam] {
        let good = tiny_checkpoint(optimizer);
        let (mut read, mut refused) = (0, 0);
        let mut count = |went_on: bool| if went_on { read += 1 } else { refused += 1 };
        every_changed_byte(&good[20..good.len() - 32], |content, _| {
            count(goes_on(&sealed_as(&good[..12], content), &data));
        });
        every_cut(&good[20..good.len() - 32], |content| count(goes_on(&sealed_as(&good[..12], content), &data)));
        assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_checkpoint_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut strange = attack::no_files(folder.path());
    hollow(&folder.path().join("large"), b"", 1 << 40);
    strange.push(("a file of a TiB", folder.path().join("large")));
    for (what, path) in strange {
        within(1, what, move || Checkpoint::load(&path).map(drop).unwrap_err());
    }
}

/// Reads damaged files; gives how many were refused. A file that is read must be the right one.
fn read_damaged(times: usize, seed: u64) -> usize {
    let network = Network::<f32>::from_bytes(FIXTURE).unwrap();
    let (expected, mut numbers, mut refused) = (params_sha256(&network), Numbers::new(seed), 0);
    for _ in 0..times {
        match Network::<f32>::from_bytes(&damaged(FIXTURE, &mut numbers)) {
            Ok(network) => assert_eq!(params_sha256(&network), expected),
            Err(_) => refused += 1,
        }
    }
    refused
}

/// Reads files whose content is damaged, but whose checksum is right; gives how many were refused. A file that is read is
/// written as it was, but for what is written in one way alone.
fn read_forged(times: usize, seed: u64) -> usize {
    let (mut numbers, mut refused) = (Numbers::new(seed), 0);
    for _ in 0..times {
        let file = sealed(&damaged(&FIXTURE[20..FIXTURE.len() - 32], &mut numbers));
        match Network::<f32>::from_bytes(&file) {
            Ok(network) => {
                let again = Network::<f32>::from_bytes(&network.to_bytes()).unwrap();
                assert_eq!(params_sha256(&again), params_sha256(&network));
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().len() < 500 && !error.to_string().contains('\n'), "{error}");
            }
        }
    }
    refused
}

#[test]
fn random_damage() {
    assert!(read_damaged(5_000, 1) > 4_500);
    assert!(read_forged(5_000, 2) > 1_000);
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn random_damage_for_long() {
    let count = 50_000 * attack::times();
    let refused = read_damaged(count, 3);
    println!("faults: parameter file, random damage | {count} | {refused} refused, the others unchanged");
    let refused = read_forged(count, 4);
    println!("faults: parameter file, damage with a right checksum | {count} | {refused} refused, no panic");
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn random_damage_to_checkpoints_for_long() {
    let (data, mut numbers, mut refused) = (tiny_data(), Numbers::new(5), 0);
    let count = 10_000 * attack::times();
    for i in 0..count {
        let good = &tiny_checkpoint(OptimizerKind::ALL[i % OptimizerKind::ALL.len()]);
        let content = damaged(&good[20..good.len() - 32], &mut numbers);
        refused += usize::from(!goes_on(&sealed_as(&good[..12], &content), &data));
        assert!(i % 10 > 0 || Checkpoint::from_bytes(&changed(good, &mut numbers)).is_err());
    }
    println!("faults: checkpoint, damage with a right checksum | {count} | {refused} refused, the others went on");
    println!("faults: checkpoint, a changed byte | {} | all refused", count.div_ceil(10));
}

/// The file with one byte that is another.
fn changed(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = file.to_vec();
    bytes[numbers.below(file.len())] ^= 1 + numbers.below(255) as u8;
    bytes
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn every_change_of_a_larger_file() {
    let affine = LayerSpec::Affine { outputs: 10, init: Init::default() };
    let network = Network::<f32>::build(NetworkSpec { input: vec![100], layers: vec![affine] }, 0).unwrap();
    let (file, mut changes, mut cuts) = (network.to_bytes(), 0_u64, 0_u64);
    every_changed_byte(&file, |bytes, at| {
        changes += 1;
        assert!(Network::<f32>::from_bytes(bytes).is_err(), "byte {at}");
    });
    every_cut(&file, |bytes| {
        cuts += 1;
        assert!(Network::<f32>::from_bytes(bytes).is_err(), "cut to {}", bytes.len());
    });
    println!("faults: parameter file, every changed byte | {changes} | all refused");
    println!("faults: parameter file, every truncation | {cuts} | all refused");
}
