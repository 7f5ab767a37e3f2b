//! The pool: every task once, several callers at once, panics, nesting.

use std::sync::atomic::{AtomicU32, Ordering};

use tensor::threads::{
    Pool, for_each_block, for_each_block2, for_each_part, for_each_part_of, for_each_part2, for_each_task,
};

#[test]
fn every_task_runs_exactly_once() {
    for threads in [1, 2, 3, 8] {
        Pool::new(threads).install(|| {
            for tasks in [0, 1, 2, 3, 7, 100, 70_000] {
                let counts: Vec<AtomicU32> = (0..tasks).map(|_| AtomicU32::new(0)).collect();
                for _ in 0..5 {
                    for_each_task(tasks, &|i| {
                        counts[i].fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 5), "{threads} threads, {tasks} tasks");
            }
        });
    }
}

#[test]
fn many_callers_and_nested_calls_finish() {
    let pool = Pool::new(3);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                pool.install(|| {
                    for round in 0..200 {
                        let mut out = vec![0; 50];
                        for_each_part(&mut out, 7, |_, part| {
                            for_each_part(part, 2, |_, part| part.iter_mut().for_each(|v| *v += round));
                        });
                        assert!(out.iter().all(|&v| v == round));
                    }
                });
            });
        }
    });
}

#[test]
fn a_sleeping_pool_wakes_up() {
    Pool::new(2).install(|| {
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            let mut out = vec![0; 4];
            for_each_part(&mut out, 1, |i, part| part[0] = i);
            assert_eq!(out, [0, 1, 2, 3]);
        }
    });
}

#[test]
fn a_panic_in_a_task_reaches_the_caller_and_the_pool_goes_on() {
    Pool::new(2).install(|| {
        let result = std::panic::catch_unwind(|| for_each_task(10, &|i| assert!(i != 7, "task seven")));
        let message = *result.unwrap_err().downcast::<&str>().expect("a message");
        assert!(message.contains("task seven"));
        let mut out = vec![0; 10];
        for_each_part(&mut out, 3, |i, part| part.fill(i + 1));
        assert_eq!(out, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4]);
    });
}

#[test]
#[should_panic(expected = "the same number of parts")]
fn outputs_in_other_parts_are_refused() {
    for_each_part_of([(&mut [0; 7][..], 3), (&mut [0; 9][..], 5)], |_, _| {});
}

#[test]
#[should_panic(expected = "parts of no elements")]
fn an_output_in_parts_of_none_is_refused() {
    for_each_part_of([(&mut [0; 7][..], 3), (&mut [0; 9][..], 0)], |_, _| {});
}

#[test]
fn parts_and_blocks_cover_everything_once() {
    Pool::new(2).install(|| {
        let (mut a, mut b) = (vec![0; 10], vec![0; 5]);
        for_each_part2((&mut a, 4), (&mut b, 2), |i, a, b| {
            a.iter_mut().for_each(|v| *v += i + 1);
            b.iter_mut().for_each(|v| *v += i + 1);
        });
        assert_eq!((a, b), (vec![1, 1, 1, 1, 2, 2, 2, 2, 3, 3], vec![1, 1, 2, 2, 3]));

        let mut parts = [vec![0; 7], vec![0; 9], vec![0; 7]];
        let [a, b, c] = &mut parts;
        for_each_part_of([(a, 3), (b, 4), (c, 3), (&mut [], 0)], |i, [a, b, c, nothing]| {
            for (k, part) in [a, b, c].into_iter().enumerate() {
                part.iter_mut().for_each(|v| *v += 10 * k + i);
            }
            assert!(nothing.is_empty());
        });
        assert_eq!(
            parts,
            [vec![0, 0, 0, 1, 1, 1, 2], vec![10, 10, 10, 10, 11, 11, 11, 11, 12], vec![20, 20, 20, 21, 21, 21, 22]]
        );

        // Where each block begins, and where in its block an element lies.
        let mut matrix = vec![0; 3 * 5];
        for_each_block(&mut matrix, 5, [2, 3], |[r, c], mut block| {
            for row in 0..block.rows() {
                let elements = block.row(row).iter_mut().enumerate();
                elements.for_each(|(column, v)| *v += 1000 * r + 100 * c + 10 * row + column);
            }
        });
        assert_eq!(matrix[..10], [0, 1, 2, 300, 301, 10, 11, 12, 310, 311]);
        assert_eq!(matrix[10..], [2000, 2001, 2002, 2300, 2301]);
        for_each_block(&mut [0; 0], 5, [2, 3], |_, _| panic!("no rows, no blocks"));

        let (mut one, mut other) = (vec![0; 3 * 5], vec![0_u8; 3 * 5]);
        for_each_block2((&mut one, &mut other), 5, [2, 3], |[r, c], mut one, mut other| {
            for row in 0..one.rows() {
                let elements = one.row(row).iter_mut().zip(other.row(row)).enumerate();
                elements.for_each(|(column, (v, w))| {
                    (*v, *w) = (1000 * r + 100 * c + 10 * row + column, (100 * r + 10 * c + column) as u8);
                });
            }
        });
        assert_eq!(one, matrix);
        assert_eq!(other, [0, 1, 2, 30, 31, 0, 1, 2, 30, 31, 200, 201, 202, 230, 231]);
    });
}
