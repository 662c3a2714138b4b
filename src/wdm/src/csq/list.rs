//! Lists of the IRPs that are in queues.

// UNSAFETY: intrusive links.
#![expect(unsafe_code, reason = "intrusive links between IRPs are raw pointers")]

use core::cell::UnsafeCell;
use core::marker::{PhantomData, PhantomPinned};
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

use super::domain::Domain;
use super::slots::Slot;
use crate::buffer::{self, Answer};
use crate::device::Device;
use crate::list;
use crate::prefetch::prefetch;
use crate::state::Control;
use crate::sys::{
    DRIVER_CONTEXT_OFFSET, IRP, LIST_ENTRY, PIRP, QUEUE_LINK_OFFSET, driver_context, queue_link,
};

mod sealed {
    pub trait Kind {
        /// Where in an IRP the link is, in bytes.
        const OFFSET: usize;
    }
}

/// Linked through `Tail.Overlay.ListEntry`. The list that an IRP is in says what state it is in; it can be
/// moved to another.
pub enum InQueue {}
/// Linked through two words of `DriverContext`. An IRP stays in its owner's list until it leaves its queue.
pub enum InOwner {}

impl sealed::Kind for InQueue {
    const OFFSET: usize = QUEUE_LINK_OFFSET;
}
impl sealed::Kind for InOwner {
    const OFFSET: usize = DRIVER_CONTEXT_OFFSET;
}

/// The right to look at the links of a kind, or, borrowed mutably, to change them.
///
/// # Invariants
///
/// The lock at this address is held for `'h`, and nobody else has the right to these links of its lists.
pub struct Links<'h, K> {
    lock: usize,
    of: PhantomData<(&'h (), K, *const ())>,
}

impl<K> Links<'_, K> {
    /// # Safety
    ///
    /// The lock at this address is held for as long as this, of which there is one at a time.
    #[inline]
    pub(super) const unsafe fn assume(lock: usize) -> Self {
        // INVARIANT: by the caller.
        Self {
            lock,
            of: PhantomData,
        }
    }
}

/// A list of IRPs in queues of one domain.
///
/// # Invariants
///
/// `lock` is 0, and the list was never used; or all in it are in queues with the lock at that address, which
/// guards the list, and `head` is an initialized head.
#[repr(C)]
pub struct List<G, K> {
    /// First, so that the list is where its head is.
    head: UnsafeCell<LIST_ENTRY>,
    lock: AtomicUsize,
    of: PhantomData<(G, K)>,
    _pinned: PhantomPinned,
}

// SAFETY: touched with the lock held only, which is checked.
unsafe impl<G, K> Sync for List<G, K> {}
// SAFETY: a list that was used is pinned; one that was not is only numbers.
unsafe impl<G, K> Send for List<G, K> {}

impl<G, K> List<G, K> {
    /// An empty list. The first lock with which it is used becomes its lock.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "const")]
    pub const fn new() -> Self {
        Self {
            head: UnsafeCell::new(LIST_ENTRY {
                Flink: null_mut(),
                Blink: null_mut(),
            }),
            lock: AtomicUsize::new(0),
            of: PhantomData,
            _pinned: PhantomPinned,
        }
    }

    /// The head, for who holds this lock; none if the list was never used. Stops the system if it is another lock's.
    #[inline]
    fn head(&self, lock: usize) -> Option<*mut LIST_ENTRY> {
        match self.lock.load(Ordering::Relaxed) {
            own if own == lock => Some(self.head.get()),
            0 => None,
            _ => list::fail_fast(),
        }
    }

    /// The head, to link what follows: for who holds this lock.
    #[inline]
    fn head_to_link(self: Pin<&Self>, lock: usize) -> *mut LIST_ENTRY {
        if self.lock.load(Ordering::Relaxed) != lock {
            self.begin(lock);
        }
        self.head.get()
    }

    /// Makes this a list of a lock. Stops the system if it is another's. Inlined, because it changes fewer registers
    /// than a call.
    #[inline]
    fn begin(self: Pin<&Self>, lock: usize) {
        let free = self
            .lock
            .compare_exchange(0, lock, Ordering::Relaxed, Ordering::Relaxed);
        if free.is_err() {
            list::fail_fast();
        }
        // SAFETY: pinned. Whoever else holds this lock waits for it; with another, the exchange fails.
        unsafe { list::initialize(self.head.get()) };
    }
}

impl<G: Domain, K: sealed::Kind> List<G, K> {
    /// The first.
    #[must_use]
    #[inline]
    pub fn first<'h>(self: Pin<&Self>, links: &Links<'h, K>) -> Option<Entry<'h, G>> {
        let head = self.head(links.lock)?;
        // SAFETY: the lock is held.
        unsafe { following::<G, K>(head, head) }
    }

    /// Whether there is none.
    #[must_use]
    #[inline]
    pub fn is_empty(self: Pin<&Self>, links: &Links<'_, K>) -> bool {
        self.first(links).is_none()
    }

    /// What follows `before` in this list; the first if that is none.
    ///
    /// # Safety
    ///
    /// `before` is in this list.
    #[inline]
    pub(super) unsafe fn after<'h>(
        self: Pin<&Self>,
        links: &Links<'h, K>,
        before: Option<NonNull<IRP>>,
    ) -> Option<Entry<'h, G>> {
        let head = self.head(links.lock)?;
        let link = before.map_or(head, |irp| link_of::<K>(irp));
        // SAFETY: the lock is held, and the link in this list.
        unsafe { following::<G, K>(head, link) }
    }

    /// Whether this lock is the list's.
    #[inline]
    pub(super) fn is_with(&self, links: &Links<'_, K>) -> bool {
        self.lock.load(Ordering::Relaxed) == links.lock
    }

    /// Where the list is, to tell it from others.
    #[inline]
    pub(super) fn address(self: Pin<&Self>) -> *mut LIST_ENTRY {
        self.head.get()
    }
}

impl<G: Domain> List<G, InQueue> {
    /// Moves an IRP to the end of this list.
    #[inline]
    pub fn push<'h>(self: Pin<&Self>, links: &mut Links<'h, InQueue>, irp: Entry<'h, G>) {
        let head = self.head_to_link(links.lock);
        // SAFETY: the lock is held, and entries are linked.
        unsafe { relink(irp, head, head) };
    }
}

impl<G: Domain> List<G, InOwner> {
    /// Those after `last`, in order of arrival; all, if that is none, or not in this list.
    pub fn iter_after<'x, 'h>(
        self: Pin<&'x Self>,
        links: &'x Links<'h, InOwner>,
        last: Option<Entry<'h, G>>,
    ) -> Iter<'x, 'h, G> {
        let last = last.filter(|last| last.is_own_in(self));
        Iter {
            list: self,
            links,
            last: last.map(Entry::irp),
        }
    }
}

impl<G, K> Drop for List<G, K> {
    /// IRPs that are linked in memory that goes away would be used again; stopping is better. The lock is not held:
    /// an IRP may be leaving.
    fn drop(&mut self) {
        let head = self.head.get();
        // SAFETY: initialized, if it has a lock. Nobody has the list, so nobody links an IRP in it.
        if *self.lock.get_mut() != 0 && !unsafe { list::is_left(head) } {
            list::fail_fast();
        }
    }
}

/// An iterator over an owner's list, which nobody changes meanwhile.
pub struct Iter<'x, 'h, G> {
    list: Pin<&'x List<G, InOwner>>,
    links: &'x Links<'h, InOwner>,
    last: Option<NonNull<IRP>>,
}

impl<'h, G: Domain> Iterator for Iter<'_, 'h, G> {
    type Item = Entry<'h, G>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'h, G>> {
        // SAFETY: found there, and the links are borrowed since.
        let entry = unsafe { self.list.after(self.links, self.last) }?;
        self.last = Some(entry.irp);
        Some(entry)
    }
}

/// An IRP in a queue, for as long as the lock is held.
pub struct Entry<'h, G> {
    /// # Invariants
    ///
    /// In a queue of the domain, whose lock is held for `'h`.
    irp: NonNull<IRP>,
    of: PhantomData<(&'h (), G)>,
}

impl<G> Clone for Entry<'_, G> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<G> Copy for Entry<'_, G> {}

impl<'h, G: Domain> Entry<'h, G> {
    /// # Safety
    ///
    /// `irp` is in a queue of the domain, whose lock is held for `'h`.
    #[inline]
    pub(super) const unsafe fn of(irp: NonNull<IRP>) -> Self {
        // INVARIANT: by the caller.
        Self {
            irp,
            of: PhantomData,
        }
    }

    #[inline]
    pub(super) const fn irp(self) -> NonNull<IRP> {
        self.irp
    }

    /// What is kept for it.
    #[must_use]
    #[inline]
    pub fn slot(self) -> &'h Slot<G::Request> {
        // SAFETY: in a queue, whose lock is held.
        let words = unsafe { driver_context(self.irp.as_ptr()) };
        // SAFETY: words of that IRP.
        let slot = unsafe { (*words)[2] };
        // SAFETY: `link` put it there; a slot stays while it has an IRP.
        unsafe { &*slot.cast::<Slot<G::Request>>() }
    }

    /// The state of the handle it came through.
    #[must_use]
    #[inline]
    pub fn file(self) -> Pin<&'h <G::Device as Device>::File> {
        let file: *const <G::Device as Device>::File = self.slot().file.get().cast();
        // SAFETY: the IRP keeps its handle, and was inserted with the state of that.
        let file = unsafe { &*file };
        // SAFETY: in a box of its own.
        unsafe { Pin::new_unchecked(file) }
    }

    /// Whether it is in this list.
    #[must_use]
    #[inline]
    pub fn is_in(self, list: Pin<&List<G, InQueue>>) -> bool {
        self.slot().list.get() == list.address()
    }

    /// Whether it is in this list of an owner.
    #[must_use]
    #[inline]
    pub fn is_own_in(self, list: Pin<&List<G, InOwner>>) -> bool {
        self.slot().own.get() == list.address()
    }

    /// The next in its list.
    #[must_use]
    #[inline]
    pub fn next(self, _: &Links<'h, InQueue>) -> Option<Self> {
        // SAFETY: in that list, and the lock is held.
        unsafe { following::<G, InQueue>(self.slot().list.get(), link_of::<InQueue>(self.irp)) }
    }

    /// Has the processor fetch what is kept for the next in its list, which is likely to be removed next. (Its links
    /// are fetched by the removal of this one.)
    #[inline]
    pub(super) fn prefetch_next(self, links: &Links<'h, InQueue>) {
        if let Some(next) = self.next(links) {
            prefetch(&raw const *next.slot());
        }
    }

    /// Moves it before `other`, to the list of that.
    pub fn move_before(self, _: &mut Links<'h, InQueue>, other: Self) {
        if self.irp != other.irp {
            // SAFETY: the lock is held, and both are linked.
            unsafe { relink(self, link_of::<InQueue>(other.irp), other.slot().list.get()) };
        }
    }
}

impl<G: Domain<Kind = Control>> Entry<'_, G> {
    /// The length of its input, in bytes.
    #[must_use]
    pub fn input_length(self) -> usize {
        // SAFETY: in a queue, whose lock is held.
        unsafe { buffer::input_length(self.irp) }
    }

    /// `N` bytes of its input from byte `offset` on; zeros, if it has fewer.
    #[must_use]
    pub fn input_bytes<const N: usize>(self, offset: usize) -> [u8; N] {
        // SAFETY: in a queue, whose lock is held.
        unsafe { buffer::input_bytes(self.irp, offset) }
    }

    /// Answers it with `head`, followed by the input of `request` from byte `skip` on. It is still in the
    /// queue, and has to be removed by the function that says so here, or the answer is lost.
    pub fn answer_from(self, head: &[u8], request: Self, skip: usize) {
        // SAFETY: in a queue, whose lock is held; the space is not given to anybody else.
        let mut answer = unsafe { Answer::of(self.irp) };
        // SAFETY: in a queue with the same lock.
        unsafe { answer.answer_from(head, request.irp, skip) };
    }
}

impl Answer<'_> {
    /// Answers with `head`, followed by the input of `request` from byte `skip` on.
    pub fn copy_from<G: Domain<Kind = Control>>(
        &mut self,
        head: &[u8],
        request: Entry<'_, G>,
        skip: usize,
    ) {
        // SAFETY: in a queue, whose lock is held.
        unsafe { self.answer_from(head, request.irp, skip) };
    }
}

#[inline]
fn link_of<K: sealed::Kind>(irp: NonNull<IRP>) -> *mut LIST_ENTRY {
    irp.as_ptr().wrapping_byte_add(K::OFFSET).cast()
}

/// The IRP whose link is at `link`.
#[inline]
const fn irp_of<K: sealed::Kind>(link: *mut LIST_ENTRY) -> PIRP {
    link.wrapping_byte_sub(K::OFFSET).cast()
}

/// What follows `link`, unless that is the head.
///
/// # Safety
///
/// The lock of the list with this head is held, and `link` is in it, or the head.
#[inline]
unsafe fn following<'h, G: Domain, K: sealed::Kind>(
    head: *mut LIST_ENTRY,
    link: *mut LIST_ENTRY,
) -> Option<Entry<'h, G>> {
    // SAFETY: a linked entry, or the head.
    let next = unsafe { list::next(link) };
    if next == head {
        return None;
    }
    // SAFETY: links are in IRPs, so this is not null.
    let irp = unsafe { NonNull::new_unchecked(irp_of::<K>(next)) };
    // SAFETY: only IRPs in queues are linked.
    Some(unsafe { Entry::of(irp) })
}

/// Links an IRP last in both lists.
///
/// # Safety
///
/// The IRP is being inserted, with this slot.
#[inline]
pub(super) unsafe fn link<G: Domain>(
    (links, own_links): (&mut Links<'_, InQueue>, &mut Links<'_, InOwner>),
    list: Pin<&List<G, InQueue>>,
    own: Pin<&List<G, InOwner>>,
    slot: &Slot<G::Request>,
    irp: PIRP,
) {
    let head = list.head_to_link(links.lock);
    let own_head = own.head_to_link(own_links.lock);
    slot.irp.set(irp);
    slot.list.set(head);
    slot.own.set(own_head);
    // SAFETY: the caller's IRP.
    let words = unsafe { driver_context(irp) };
    // SAFETY: in no list yet; two of the four words have the layout of a link, see `sys`.
    unsafe { list::insert_tail(own_head, words.cast()) };
    // SAFETY: words of that IRP.
    unsafe { (*words)[2] = (&raw const *slot).cast_mut().cast() };
    // SAFETY: the caller's IRP.
    let link = unsafe { queue_link(irp) };
    // SAFETY: in no list yet.
    unsafe { list::insert_tail(head, link) };
}

/// Takes an IRP out of both its lists.
///
/// # Safety
///
/// The lock is held, and the IRP linked.
#[inline]
pub(super) unsafe fn unlink(irp: PIRP) {
    // SAFETY: in a queue.
    let link = unsafe { queue_link(irp) };
    // SAFETY: linked, and the lock is held.
    unsafe { list::remove(link) };
    // SAFETY: in a queue.
    let own_link = unsafe { driver_context(irp) };
    // SAFETY: linked, and the lock is held.
    unsafe { list::remove(own_link.cast()) };
}

/// Moves an IRP before a link of the list at `head`.
///
/// # Safety
///
/// The lock is held; the entry is linked, and `before` another link of that list, or its head.
#[inline]
unsafe fn relink<G: Domain>(entry: Entry<'_, G>, before: *mut LIST_ENTRY, head: *mut LIST_ENTRY) {
    let link = link_of::<InQueue>(entry.irp);
    // SAFETY: linked, and the lock is held.
    unsafe { list::remove(link) };
    // SAFETY: not linked any more; `before` is.
    unsafe { list::insert_tail(before, link) };
    entry.slot().list.set(head);
}
