// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Frames as Rust makes them, with a malloc at the end of each: boxes, vectors, strings, maps, trait
// objects, closures, sorting, panics that are caught, threads. Says "ready PID" and goes on at a line.
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::io::BufRead;
use std::rc::Rc;
use std::time::{Duration, Instant};

trait Shape {
    fn area(&self, n: usize) -> usize;
}

struct Square(Vec<u8>);

impl Shape for Square {
    #[inline(never)]
    fn area(&self, n: usize) -> usize {
        let block = black_box(vec![1u8; n + 20]);
        block.len() * self.0.len()
    }
}

#[inline(never)]
fn boxed(n: usize) -> Box<dyn Shape> {
    black_box(Box::new(Square(vec![3; n + 9])))
}

#[inline(never)]
fn text(n: usize) -> String {
    let mut s = format!("number {} and {:?} of {:>9}", n, Some(n), n * 2);
    s.push_str(&"x".repeat(n % 30 + 40));
    black_box(s)
}

#[inline(never)]
fn maps(n: usize) -> usize {
    let mut hash = HashMap::new();
    let mut tree = BTreeMap::new();
    for i in 0..8 {
        hash.insert(text(i + n), i);
        tree.insert(i * n % 11, text(i));
    }
    hash.len() + tree.len()
}

#[inline(never)]
fn closure(call: &dyn Fn(usize) -> usize, n: usize) -> usize {
    black_box(call(n + 1)) + 1
}

#[inline(never)]
fn sorted(n: usize) -> usize {
    let mut words: Vec<String> = (0..30).map(|i| text(i * n % 17)).collect();
    words.sort_by_cached_key(|w| black_box(w.len() * 7 % 13));
    words.sort_by(|a, b| {
        let key = black_box(Box::new(a.len()));
        (*key).cmp(&b.len())
    });
    words[0].len()
}

#[inline(never)]
fn descend(depth: usize, n: usize) -> usize {
    let room = black_box([n; 9]);
    if depth == 0 {
        return closure(&|m| black_box(Box::new(m)).wrapping_add(1), n);
    }
    let below = black_box(descend(depth - 1, room[depth % 9].wrapping_add(1)));
    black_box(room);
    below.wrapping_add(1)
}

struct Scope(usize);

impl Drop for Scope {
    #[inline(never)]
    fn drop(&mut self) {
        black_box(text(self.0));
    }
}

#[inline(never)]
fn panics(n: usize) -> bool {
    std::panic::catch_unwind(|| {
        let _scope = Scope(n);
        if black_box(n) < usize::MAX {
            panic!("{}", text(n));
        }
    })
    .is_err()
}

#[inline(never)]
fn turn(n: usize) -> usize {
    let shape = boxed(n);
    let shared = Rc::new(text(n));
    let more = Rc::clone(&shared);
    let sum = closure(&|m| shape.area(m) + more.len(), n);
    sum + maps(n) + sorted(n + 1) + descend(40, n) + usize::from(panics(n))
}

fn turns() {
    let begin = Instant::now();
    for n in (0..50).cycle() {
        black_box(turn(n));
        std::thread::sleep(Duration::from_micros(500));
        if begin.elapsed() > Duration::from_secs(900) {
            std::process::exit(0);
        }
    }
}

fn main() {
    let mut line = String::new();
    std::panic::set_hook(Box::new(|_| ()));
    println!("ready {}", std::process::id());
    if std::io::stdin().lock().read_line(&mut line).unwrap_or(0) == 0 {
        std::process::exit(9);
    }
    std::thread::spawn(turns);
    turns();
}
