//! The functions of an image and who calls whom, read from its instructions.
//!
//! What is unclear counts as a call, so that a rule which finds no path has proved that there is
//! none:
//!
//! * A function is everything from its symbol to the next one, whether its instructions can be
//!   reached or not. So the targets of `match` tables need not be known.
//! * A call by a pointer that is not in the import table may go to every entry point.
//! * An entry point is where the image starts, what it exports, and each function whose address is
//!   taken by an instruction or stands in the image's data.
//!
//! Not seen are calls that the kernel makes between two entry points (`IoCsqInsertIrp` calls
//! `csq_insert_irp`): each entry point is judged by itself.

mod function;
mod source;
mod stack;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use iced_x86::Instruction;

pub use function::{Function, writes};
pub use source::Source;

use crate::map::Map;
use source::range;

/// The call graph of an image.
#[derive(Debug)]
pub struct Code {
    /// By address.
    functions: BTreeMap<u64, Function>,
    entries: BTreeSet<u64>,
    imports: BTreeMap<u64, String>,
}

impl Code {
    /// Disassembles what is between the symbols of `map`.
    ///
    /// # Errors
    ///
    /// There are bytes that are no instructions, or a call to what has no symbol: `map` belongs to
    /// another image, or there is data among the code.
    pub fn read(source: &Source<'_>, map: &Map) -> Result<Self, String> {
        let mut functions = BTreeMap::new();
        for &(start, bytes) in &source.code {
            let section = range(start, bytes);
            let mut names: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
            for symbol in &map.symbols {
                if section.contains(&symbol.address) {
                    let names = names.entry(symbol.address).or_default();
                    names.insert(symbol.name.clone());
                }
            }
            let mut starts = names.into_iter().peekable();
            while let Some((address, names)) = starts.next() {
                let end = starts.peek().map_or(section.end, |(next, _)| *next);
                let own = offset(start, address)..offset(start, end);
                let bytes = bytes.get(own).unwrap_or_default();
                functions.insert(address, Function::read(names, address, bytes, source)?);
            }
        }
        let taken = functions.values().flat_map(|function| &function.taken);
        let mut entries: BTreeSet<u64> = taken.copied().collect();
        entries.extend(source.pointers.iter().filter(|it| source.is_code(**it)));
        entries.retain(|entry| !functions.get(entry).is_some_and(Self::is_unguarded_call));
        let code = Self {
            functions,
            entries,
            imports: source.imports.clone(),
        };
        code.check_targets()?;
        Ok(code)
    }

    fn check_targets(&self) -> Result<(), String> {
        if let Some(unknown) = self.entries.iter().find(|it| self.get(**it).is_none()) {
            return Err(format!(
                "{unknown:#x} can be called, but csq.map has no function there"
            ));
        }
        for function in self.functions.values() {
            if let Some(unknown) = function.calls.iter().find(|it| self.get(**it).is_none()) {
                return Err(format!(
                    "{} calls {unknown:#x}, where csq.map has no function",
                    function.name()
                ));
            }
        }
        Ok(())
    }

    /// The function that begins at `address`.
    #[must_use]
    pub fn get(&self, address: u64) -> Option<&Function> {
        self.functions.get(&address)
    }

    /// Every function, in the order of the addresses.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.values()
    }

    /// The functions that the kernel can call.
    pub fn entries(&self) -> impl Iterator<Item = &Function> {
        self.entries.iter().filter_map(|entry| self.get(*entry))
    }

    /// Whether `function` is what stands for the kernel's check of a call by a pointer until the kernel
    /// has put its own there (Control Flow Guard). It is no entry point: nothing reaches it but such
    /// calls, and those count already.
    #[must_use]
    pub fn is_unguarded_call(function: &Function) -> bool {
        function.is("_guard_check_icall_nop") || function.is("_guard_dispatch_icall_nop")
    }

    /// The routine that `instruction` finds in the import address table.
    #[must_use]
    pub fn imported(&self, instruction: &Instruction) -> Option<&str> {
        let place = instruction
            .is_ip_rel_memory_operand()
            .then(|| instruction.ip_rel_memory_address())?;
        self.imports.get(&place).map(String::as_str)
    }

    /// The functions that `function` may call or jump to.
    fn callees<'a>(&'a self, function: &'a Function) -> impl Iterator<Item = &'a Function> {
        let by_pointer = function.by_pointer.then_some(&self.entries);
        let all = function
            .calls
            .iter()
            .chain(by_pointer.into_iter().flatten());
        all.filter_map(|callee| self.get(*callee))
    }

    /// A shortest way from `entry` to a function that is `wanted`, which may be `entry` itself.
    pub fn path(
        &self,
        entry: &Function,
        wanted: impl Fn(&Function) -> bool,
    ) -> Option<Vec<&Function>> {
        let entry = self.get(entry.address)?;
        let mut paths = VecDeque::from([vec![entry]]);
        let mut seen = BTreeSet::from([entry.address]);
        while let Some(path) = paths.pop_front() {
            let last = *path.last()?;
            if wanted(last) {
                return Some(path);
            }
            for callee in self.callees(last) {
                if seen.insert(callee.address) {
                    let mut longer = path.clone();
                    longer.push(callee);
                    paths.push_back(longer);
                }
            }
        }
        None
    }

    /// The functions that an entry point can reach.
    pub fn reachable(&self) -> impl Iterator<Item = &Function> {
        let mut seen = self.entries.clone();
        let mut rest: Vec<&Function> = self.entries().collect();
        while let Some(function) = rest.pop() {
            rest.extend(self.callees(function).filter(|it| seen.insert(it.address)));
        }
        self.functions()
            .filter(move |it| seen.contains(&it.address))
    }

    /// A function that can get back to itself, with the way there.
    #[must_use]
    pub fn cycle(&self) -> Option<Vec<&Function>> {
        self.functions().find_map(|start| {
            self.callees(start).find_map(|callee| {
                let back = self.path(callee, |function| function.address == start.address)?;
                Some([vec![start], back].concat())
            })
        })
    }

    /// The most bytes of stack that a call of `function` takes, return addresses within the image
    /// included, the kernel's routines not.
    ///
    /// # Errors
    ///
    /// A function on the way changes the stack pointer by what cannot be told. There must be no
    /// [`cycle`](Self::cycle).
    pub fn stack(&self, function: &Function) -> Result<u64, String> {
        let own = stack::frame(function)?;
        let mut deepest = own;
        for callee in self.callees(function) {
            let below = self.stack(callee)?;
            let bytes = if function.tail_calls.contains(&callee.address) {
                below
            } else {
                own + 8 + below
            };
            deepest = deepest.max(bytes);
        }
        Ok(deepest)
    }
}

fn offset(start: u64, address: u64) -> usize {
    usize::try_from(address - start).unwrap_or(usize::MAX)
}

/// A path in words: `a > b > c`.
#[must_use]
pub fn words(path: &[&Function]) -> String {
    let names: Vec<&str> = path.iter().map(|function| function.name()).collect();
    names.join(" > ")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// Functions of 16 bytes each from 0x1000 on, called a, b, c, ...; `ExFreePool` is imported at
    /// 0x2000.
    fn code(functions: &[&[u8]]) -> Result<Code, String> {
        let mut bytes = Vec::new();
        let mut map = String::new();
        for (function, name) in functions.iter().zip('a'..) {
            let address = 0x1000 + bytes.len();
            writeln!(map, " 0001:{:08x} {name} {address:016x} x.o", bytes.len()).unwrap();
            bytes.extend_from_slice(function);
            bytes.resize(bytes.len().next_multiple_of(16), 0xcc);
        }
        let source = Source {
            code: vec![(0x1000, &bytes)],
            imports: BTreeMap::from([(0x2000, "ExFreePool".to_owned())]),
            pointers: BTreeSet::from([0x1000, 0x2000]),
        };
        Code::read(&source, &Map::parse(&map).unwrap())
    }

    const RET: &[u8] = &[0xc3];

    fn path<'a>(code: &'a Code, from: u64, to: &str) -> Option<String> {
        let path: Vec<&'a Function> =
            code.path(code.get(from).unwrap(), |function| function.is(to))?;
        Some(words(&path))
    }

    #[test]
    fn calls_and_tail_calls_are_followed() {
        // a: call c; ret. b: ret. c: jmp b.
        let code = code(&[&[0xe8, 0x1b, 0, 0, 0, 0xc3], RET, &[0xeb, 0xee]]).unwrap();
        assert_eq!(path(&code, 0x1000, "b").unwrap(), "a > c > b");
        assert_eq!(path(&code, 0x1010, "a"), None);
        assert_eq!(words(&code.reachable().collect::<Vec<_>>()), "a > b > c");
        assert_eq!(words(&code.entries().collect::<Vec<_>>()), "a");
        assert!(code.cycle().is_none());
    }

    #[test]
    fn imports_are_found_by_call_and_by_jump() {
        // call [rip+0xffa]; ret and jmp [rip+0xfea].
        let code = code(&[
            &[0xff, 0x15, 0xfa, 0x0f, 0, 0, 0xc3],
            &[0xff, 0x25, 0xea, 0x0f, 0, 0],
            RET,
        ])
        .unwrap();
        let callers = code
            .functions()
            .filter(|it| it.imports.contains("ExFreePool"));
        assert_eq!(words(&callers.collect::<Vec<_>>()), "a > b");
        assert!(!code.functions().any(|function| function.by_pointer));
    }

    #[test]
    fn an_address_that_is_taken_is_an_entry_and_calls_by_pointer_go_there() {
        // a: lea rax, [b]; ret. c: call rax; ret.
        let code = code(&[
            &[0x48, 0x8d, 0x05, 9, 0, 0, 0, 0xc3],
            RET,
            &[0xff, 0xd0, 0xc3],
        ])
        .unwrap();
        assert_eq!(words(&code.entries().collect::<Vec<_>>()), "a > b");
        assert_eq!(path(&code, 0x1020, "b").unwrap(), "c > b");
        assert_eq!(path(&code, 0x1000, "b"), None);
    }

    #[test]
    fn a_jump_by_pointer_is_a_call_unless_it_is_through_a_table() {
        // jmp rcx; and add rcx, rdx; jmp rcx.
        let code = code(&[&[0x48, 0xff, 0xe1], &[0x48, 0x01, 0xd1, 0xff, 0xe1]]).unwrap();
        assert!(code.get(0x1000).unwrap().by_pointer);
        assert!(!code.get(0x1010).unwrap().by_pointer);
    }

    #[test]
    fn recursion_is_found_through_others() {
        // a: call b. b: call a.
        let code = code(&[
            &[0xe8, 0x0b, 0, 0, 0, 0xc3],
            &[0xe8, 0xeb, 0xff, 0xff, 0xff, 0xc3],
        ])
        .unwrap();
        assert_eq!(words(&code.cycle().unwrap()), "a > b > a");
    }

    #[test]
    fn stacks_are_added_up_along_the_deepest_way() {
        // a: push rbx; sub rsp, 0x20; call b; call c; ... b: sub rsp, 0x1000. c: sub rsp, 8.
        let code = code(&[
            &[
                0x53, 0x48, 0x83, 0xec, 0x20, 0xe8, 6, 0, 0, 0, 0xe8, 0x11, 0, 0, 0, 0xc3,
            ],
            &[
                0x48, 0x81, 0xec, 0, 0x10, 0, 0, 0x48, 0x81, 0xc4, 0, 0x10, 0, 0, 0xc3,
            ],
            &[0x48, 0x83, 0xec, 8, 0xc3],
        ])
        .unwrap();
        let stack = |address| code.stack(code.get(address).unwrap());
        assert_eq!(stack(0x1000), Ok(8 + 0x20 + 8 + 0x1000));
        assert_eq!(stack(0x1020), Ok(8));
    }

    #[test]
    fn a_tail_call_has_the_stack_to_itself() {
        // a: sub rsp, 0x20; add rsp, 0x20; jmp b. b: sub rsp, 0x28. c: sub rsp, 0x20; jmp b.
        let code = code(&[
            &[0x48, 0x83, 0xec, 0x20, 0x48, 0x83, 0xc4, 0x20, 0xeb, 6],
            &[0x48, 0x83, 0xec, 0x28, 0xc3],
            &[0x48, 0x83, 0xec, 0x20, 0xeb, 0xea],
        ])
        .unwrap();
        let stack = |address| code.stack(code.get(address).unwrap());
        assert_eq!(stack(0x1000), Ok(0x28));
        assert_eq!(stack(0x1020), Ok(0x20 + 8 + 0x28));
    }

    #[test]
    fn a_stack_of_unknown_size_is_refused() {
        // sub rsp, rax; mov rsp, rcx; and rsp, -32; enter.
        for function in [
            &[0x48, 0x29, 0xc4][..],
            &[0x48, 0x89, 0xcc],
            &[0x48, 0x83, 0xe4, 0xe0],
            &[0xc8, 0, 1, 0],
        ] {
            let code = code(&[function]).unwrap();
            assert!(
                code.stack(code.get(0x1000).unwrap()).is_err(),
                "{function:x?}"
            );
        }
    }

    #[test]
    fn what_is_no_function_is_refused() {
        // No instruction; a call into the middle of b; the address of the middle of b.
        for function in [
            &[0x06][..],
            &[0xe8, 0x0c, 0, 0, 0],
            &[0x48, 0x8d, 0x05, 10, 0, 0, 0],
        ] {
            assert!(code(&[function, RET]).is_err(), "{function:x?}");
        }
    }
}
