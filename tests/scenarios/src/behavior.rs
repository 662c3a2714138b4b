//! The required behaviors: one function each, and the table that names them all.

use crate::outcome::Checked;
use crate::target::Target;

mod access;
mod bad_input;
mod cancel;
mod cleanup;
mod complete;
mod identity;
mod pend;
mod process;
mod race;
mod removal;
mod statistics;
mod version;

/// One required behavior.
pub struct Behavior<T: Target> {
    /// `area.what`; the area is the file it stands in.
    pub name: &'static str,
    /// What it shows, in one line.
    pub shows: &'static str,
    /// The rules of the CSQ contract it shows, by their ids.
    pub rules: &'static [&'static str],
    /// Shows it.
    pub body: fn(&T) -> Checked,
}

macro_rules! behaviors {
    ($($area:ident.$what:ident: $shows:literal [$($rule:literal)*];)*) => {
        vec![$(Behavior {
            name: concat!(stringify!($area), ".", stringify!($what)),
            shows: $shows,
            rules: &[$($rule),*],
            body: $area::$what::<T>,
        }),*]
    };
}

/// Every required behavior, in the order in which they are run.
#[must_use]
pub fn table<T: Target>() -> Vec<Behavior<T>> {
    behaviors! {
        version.version_and_limit: "The driver says which protocol it speaks and its limit" ["INV-70" "INV-71"];

        pend.waits_until_completed: "A request stays pending until a server ends it" ["INV-10" "INV-52"];
        pend.answers_of_every_length_arrive: "Answers of 0, 1, 4095 and 4096 bytes arrive whole" ["INV-70" "INV-71" "TR-13"];
        pend.takes_payloads_of_every_length: "Requests may bring 0, 1, 4095 and 4096 bytes" ["INV-70"];
        pend.tags_are_reported: "The server learns the tag, whatever it is, unique or not" ["INV-12"];
        pend.many_wait_at_once: "200 requests wait at once and end in their order" ["INV-20" "INV-37"];
        pend.two_threads_keep_their_order: "Two threads pend at once and each keeps its order" ["INV-20" "TR-01" "TR-06"];

        complete.oldest_first_across_handles: "The oldest request goes first, whichever handle it came by" ["INV-20" "INV-30"];
        complete.ends_exactly_one: "One call ends one request" ["INV-52"];
        complete.what_fits_is_delivered: "An answer too long for its buffer is cut, and both sides are told" ["INV-70" "INV-71"];
        complete.room_to_spare_stays_untouched: "Bytes beyond the answer are left alone" ["INV-70" "INV-71" "TR-85"];
        complete.nothing_pending: "Nothing to complete is said, and changes nothing" ["INV-30" "TR-31"];
        complete.canceled_is_skipped: "Canceled requests are not handed to a server" ["INV-33" "INV-34"];
        complete.from_another_thread: "A request may be completed by another thread and handle" ["INV-52"];
        complete.wakes_a_blocked_thread: "A completion wakes a thread blocked on a synchronous handle" ["INV-10" "INV-52"];

        cancel.one_of_many: "CancelIoEx ends the one request it names, at each place of the queue" ["INV-34" "INV-51" "INV-56"];
        cancel.finished_is_not_found: "What has ended cannot be canceled any more" ["INV-52" "INV-53"];
        cancel.all_of_a_handle: "CancelIoEx for a handle ends its requests and no other's" ["INV-56"];
        cancel.from_another_thread: "CancelIoEx works from another thread" ["INV-50" "INV-56"];
        cancel.calling_thread_only: "CancelIo ends the calling thread's requests on that handle only" ["INV-56"];
        cancel.end_of_thread: "The end of a thread ends its requests and no other's" ["INV-56" "TR-07"];
        cancel.own_by_tag: "CANCEL by tag ends the handle's requests with that tag" ["INV-32"];
        cancel.own_all: "CANCEL of all ends all of the handle's requests" ["INV-32"];
        cancel.never_those_of_another_handle: "CANCEL does not touch another handle's requests" ["INV-32" "TR-89"];
        cancel.nothing_matches: "CANCEL that finds nothing says so and changes nothing" ["INV-30" "INV-32"];
        cancel.wakes_a_blocked_thread: "A cancellation wakes a thread blocked on a synchronous handle" ["INV-56"];

        cleanup.ends_its_own: "Closing a handle ends its requests" ["INV-60" "TR-62"];
        cleanup.leaves_other_handles_alone: "Closing a handle leaves those of others, and their order" ["INV-60" "TR-32" "TR-61"];
        cleanup.only_the_last_of_duplicates: "Requests end with the last of duplicated handles" ["TR-63"];
        cleanup.duplicates_own_together: "Duplicated handles own their requests together" ["INV-32" "TR-63"];
        cleanup.idle_changes_nothing: "Closing a handle without requests changes nothing" ["INV-60" "INV-61"];
        cleanup.handles_are_counted: "The account knows how many handles are open" ["INV-61"];

        process.killed_with_requests_pending: "The requests of a killed process end, and no other's" ["INV-60" "TR-07"];

        race.cancel_and_complete: "CancelIoEx against COMPLETE_NEXT: one wins, and all agree who" ["INV-52" "TR-06" "TR-41"];
        race.cancel_ioctl_and_complete: "CANCEL against COMPLETE_NEXT: one wins, and all agree who" ["INV-52" "TR-06"];
        race.close_and_complete: "CloseHandle against COMPLETE_NEXT: one wins, and all agree who" ["INV-52" "INV-60" "TR-06"];
        race.two_completers: "Two servers, one request: one gets it" ["INV-52" "TR-06"];
        race.end_of_thread_and_complete: "The end of a thread against COMPLETE_NEXT: one wins" ["INV-52" "TR-06"];

        statistics.each_end_has_its_count: "Each way to end is counted as what it is" ["INV-37"];
        statistics.asking_changes_nothing: "Reading the account does not change it" ["INV-37"];
        statistics.high_water_rises_and_stays: "The account remembers the most that were pending" ["INV-37"];
        statistics.balances_at_every_instant: "The account balances at every instant" ["INV-37" "TR-23"];

        identity.ids_never_repeat: "No id is used twice while the device lives" ["TR-45" "TR-87"];
        identity.no_kernel_addresses: "No answer holds an address of the kernel" ["TR-87"];

        access.denied_without_the_right: "A handle without the right is denied, and nothing changes" ["TR-82"];
        access.one_right_is_enough: "A client needs only read access, a server only write access" ["TR-82"];

        bad_input.unknown_codes: "Unknown control codes are refused" ["INV-73" "TR-81" "TR-82"];
        bad_input.query_version: "QUERY_VERSION refuses input and every output too short" ["INV-70" "TR-15" "TR-80"];
        bad_input.query_statistics: "QUERY_STATISTICS refuses input and every output too short" ["INV-70" "TR-15" "TR-80"];
        bad_input.pend_lengths: "PEND refuses every length that is not what it says" ["INV-70" "TR-15" "TR-80"];
        bad_input.pend_fields: "PEND refuses wrong versions, reserved bits and timeouts" ["TR-15" "TR-92"];
        bad_input.complete_next: "COMPLETE_NEXT refuses wrong lengths and versions" ["INV-70" "TR-15" "TR-80"];
        bad_input.cancel: "CANCEL refuses wrong lengths, versions and scopes" ["INV-70" "TR-15" "TR-80"];
        bad_input.no_buffers: "Every code survives that there is no buffer" ["INV-70" "TR-15" "TR-80"];

        removal.idle_and_back: "The device can be removed and installed again" ["INV-62" "INV-63" "INV-64"];
        removal.everything_pending_comes_back: "Removal ends all that is pending and refuses what comes later" ["INV-61" "INV-63" "INV-65" "TR-67" "TR-68"];
        removal.wakes_a_blocked_thread: "Removal wakes a thread blocked on a synchronous handle" ["INV-63" "TR-68"];
        removal.old_handles_do_not_disturb_a_new_device: "Handles to a removed device do not reach its successor" ["INV-61" "INV-65" "TR-77"];
        removal.refused_while_open: "A removal that is refused changes nothing" ["TR-69"];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dummy::Dummy;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let table = table::<Dummy>();
        let names: BTreeSet<&str> = table.iter().map(|behavior| behavior.name).collect();
        assert_eq!(names.len(), table.len());
    }

    #[test]
    fn each_says_what_it_shows_of_which_rules() {
        for behavior in table::<Dummy>() {
            assert!(behavior.shows.len() > 20, "{}", behavior.name);
            assert!(!behavior.rules.is_empty(), "{}", behavior.name);
            for rule in behavior.rules {
                let number = rule.strip_prefix("INV-").or(rule.strip_prefix("TR-"));
                assert!(number.is_some_and(|n| n.parse::<u32>().is_ok()), "{rule}");
            }
        }
    }
}
