//! The table of required behaviors, in the order in which they are run.

use super::{
    Behavior, access, answer, bad_input, cancel, claim, claimed, cleanup, complete, contest,
    hostile, identity, limits, parameters, pend, port, process, race, removal, returned,
    statistics, timeout, version, waiting,
};
use crate::target::Target;

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
    let mut table = clients();
    table.extend(servers());
    table.extend(races());
    table.extend(accounts());
    table.extend(mistakes());
    table.extend(harm());
    table.extend(programs());
    table.extend(device());
    table
}

/// What a client gets: requests that wait, are completed, time out, are canceled.
fn clients<T: Target>() -> Vec<Behavior<T>> {
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

        timeout.ends_the_request: "A request that nobody ends in its time ends by itself" ["INV-12" "TR-92"];
        timeout.none_and_the_longest_do_not: "No timeout is none, and the longest are not short" ["TR-92"];
        timeout.the_shorter_ends_first: "Timeouts end in their own order" ["TR-92"];
        timeout.ends_a_claimed_one: "A timeout ends a request that a server has claimed" ["INV-35" "INV-52" "TR-92"];
        timeout.ends_one_that_was_given_back: "A timeout goes on while a request is claimed and given back" ["INV-52" "TR-92"];
        timeout.does_not_outlive_its_request: "A timeout never ends another request than its own" ["INV-36" "TR-44" "TR-45"];
        timeout.of_many_at_once: "Many timeouts at once each end their own request" ["INV-37" "TR-92"];
        timeout.wakes_a_blocked_thread: "A timeout wakes a thread blocked on a synchronous handle" ["INV-52" "TR-92"];

        cancel.one_of_many: "CancelIoEx ends the one request it names, at each place of the queue" ["INV-34" "INV-51" "INV-56"];
        cancel.finished_is_not_found: "What has ended cannot be canceled any more" ["INV-52" "INV-53"];
        cancel.all_of_a_handle: "CancelIoEx for a handle ends its requests and no other's" ["INV-56"];
        cancel.from_another_thread: "CancelIoEx works from another thread" ["INV-50" "INV-56"];
        cancel.calling_thread_only: "CancelIo ends the calling thread's requests on that handle only" ["INV-56"];
        cancel.end_of_thread: "The end of a thread ends its requests and no other's" ["INV-56" "TR-07"];
        cancel.own_by_tag: "CANCEL by tag ends the handle's requests with that tag" ["INV-32"];
        cancel.own_all: "CANCEL of all ends all of the handle's requests" ["INV-32"];
        cancel.more_than_in_one_hold: "CANCEL of 200, half of them by tag, ends each and counts it" ["INV-32" "INV-37"];
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
    }
}

/// What a server gets: requests to claim and to answer, and what becomes of its claims.
fn servers<T: Target>() -> Vec<Behavior<T>> {
    behaviors! {
        claim.takes_the_oldest: "Claims take the oldest request first, and leave it to be answered" ["INV-20" "INV-30" "TR-35"];
        claim.payloads_of_every_length_arrive: "Payloads of 0, 1, 4095 and 4096 bytes arrive at the server" ["INV-70" "INV-71"];
        claim.nothing_pending: "A claim that finds nothing says so, and leaves nothing behind" ["INV-30" "TR-31"];
        claim.nobody_else_gets_it: "A claimed request is handed to no other server" ["INV-30" "TR-06"];
        claim.canceled_is_skipped: "Canceled requests are not handed to a server that claims" ["INV-33" "INV-34"];

        answer.in_any_order: "A server answers its claims in any order, each by its id" ["INV-52" "TR-41"];
        answer.any_status_arrives: "The client gets the status the server gave, and its payload" ["INV-70" "INV-71" "INV-72"];
        answer.what_fits_is_delivered: "An answer too long for its buffer is cut, and both sides are told" ["INV-70" "INV-71"];
        answer.twice_finds_nothing: "A claim can be answered once" ["INV-52" "TR-41"];
        answer.only_by_the_handle_that_claimed: "Nobody answers what another handle has claimed" ["TR-89"];
        answer.wrong_ids_find_nothing: "Ids that are unknown, past or to come find nothing" ["TR-45" "TR-87"];

        claimed.canceled_by_cancel_io_ex: "CancelIoEx ends a claimed request, and the server is told" ["INV-51" "INV-56" "TR-41"];
        claimed.canceled_by_its_id: "CANCEL by id ends a claimed request, once" ["INV-32" "INV-52" "TR-41"];
        claimed.canceled_by_its_tag: "CANCEL by tag ends a claimed request" ["INV-32"];
        claimed.canceled_with_all: "CANCEL of all ends claimed and pending requests" ["INV-32"];
        claimed.canceled_with_the_handle: "CancelIoEx for a handle ends its claimed requests too" ["INV-56"];
        claimed.flushed_with_its_handle: "Closing the client's handle ends what a server has claimed" ["INV-60" "TR-62"];
        claimed.not_by_another_handle: "Nobody cancels what came by another handle, not even its server" ["INV-32" "TR-89"];
        claimed.end_with_their_process: "The claimed requests of a killed process end" ["INV-60" "TR-07"];

        returned.to_the_head_in_their_order: "What a server leaves unanswered is pending again, in its old place" ["INV-20" "INV-60" "TR-35"];
        returned.of_two_servers_in_their_order: "So it is with two servers, whichever goes first" ["INV-20" "INV-60"];
        returned.more_than_in_one_hold: "So it is with 200 that two servers have claimed by turns" ["INV-20" "INV-60" "TR-35"];
        returned.only_what_is_left: "What was answered or canceled does not come back" ["INV-52" "INV-60"];
        returned.under_the_same_id: "A request that came back keeps its id, and the claim is gone" ["INV-34" "TR-87" "TR-89"];
        returned.with_the_last_of_duplicates: "Claims end with the last of duplicated handles" ["TR-63"];
        returned.to_a_claim_that_waits: "What comes back goes to a claim that waits" ["INV-20" "TR-26"];
        returned.not_if_the_client_is_the_server: "A handle that claimed its own requests ends them when it is closed" ["INV-60" "TR-62"];
        returned.by_the_death_of_a_process: "The claims of a killed server are pending again" ["INV-60" "TR-07"];

        waiting.gets_the_next_request: "A claim waits until there is a request" ["INV-10" "INV-52" "TR-26"];
        waiting.the_first_gets_the_first: "The claim that waits longest gets the next request" ["INV-20"];
        waiting.does_not_wait_if_something_is_pending: "A claim does not wait if it need not" ["INV-30"];
        waiting.canceled_ones_get_nothing: "A canceled claim takes no request along" ["INV-51" "INV-56"];
        waiting.end_with_their_handle: "Closing a handle ends its waiting claims and no other's" ["INV-60" "TR-62"];
        waiting.are_not_requests: "CANCEL and COMPLETE_NEXT leave waiting claims alone" ["INV-32"];
        waiting.a_blocked_server_wakes_up: "A request wakes a server blocked on a synchronous handle" ["INV-10" "INV-52"];
        waiting.requests_and_claims_meet: "A request and a claim at the same time always meet" ["TR-06" "TR-26"];
    }
}

/// Two threads at once.
fn races<T: Target>() -> Vec<Behavior<T>> {
    behaviors! {
        race.cancel_and_complete: "CancelIoEx against COMPLETE_NEXT: one wins, and all agree who" ["INV-52" "TR-06" "TR-41"];
        race.cancel_ioctl_and_complete: "CANCEL against COMPLETE_NEXT: one wins, and all agree who" ["INV-52" "TR-06"];
        race.close_and_complete: "CloseHandle against COMPLETE_NEXT: one wins, and all agree who" ["INV-52" "INV-60" "TR-06"];
        race.two_completers: "Two servers, one request: one gets it" ["INV-52" "TR-06"];
        race.end_of_thread_and_complete: "The end of a thread against COMPLETE_NEXT: one wins" ["INV-52" "TR-06"];

        contest.complete_and_cancel: "CancelIoEx against COMPLETE: one wins, and all agree who" ["INV-52" "TR-06" "TR-41"];
        contest.complete_and_cancel_by_id: "CANCEL by id against COMPLETE: one wins, and all agree who" ["INV-52" "TR-06"];
        contest.complete_and_close: "CloseHandle against COMPLETE: one wins, and all agree who" ["INV-52" "INV-60" "TR-06"];
        contest.complete_and_timeout: "A timeout against COMPLETE: one wins, and all agree who" ["INV-52" "TR-06" "TR-92"];
        contest.cancel_and_timeout: "A timeout against CANCEL: one wins, and all agree who" ["INV-52" "TR-06" "TR-92"];
        contest.claim_and_cancel: "CANCEL against CLAIM: the request is canceled wherever it is" ["INV-17" "INV-52" "TR-35"];
        contest.two_claims: "Two servers claim one request: one gets it" ["INV-52" "TR-06"];
        contest.server_close_and_claim: "A server goes while another waits: the other gets the request" ["INV-60" "TR-06" "TR-26"];
        contest.server_close_and_cancel: "CANCEL while a server goes: the requests are canceled" ["INV-52" "INV-60" "TR-06"];
        contest.cancel_of_a_claim_and_pend: "CancelIoEx of a claim against PEND: the request is not lost" ["INV-52" "TR-06" "TR-26"];
    }
}

/// What is counted, limited, named and allowed.
fn accounts<T: Target>() -> Vec<Behavior<T>> {
    behaviors! {
        statistics.each_end_has_its_count: "Each way to end is counted as what it is" ["INV-37"];
        statistics.asking_changes_nothing: "Reading the account does not change it" ["INV-37"];
        statistics.high_water_rises_and_stays: "The account remembers the most that were pending" ["INV-37"];
        statistics.high_water_counts_the_claimed: "The account's high water is of pending and claimed together" ["INV-37"];
        statistics.balances_at_every_instant: "The account balances at every instant" ["INV-37" "TR-23"];
        statistics.balances_while_claims_move: "The account balances while requests are claimed and given back" ["INV-37" "TR-23"];

        limits.of_a_handle_is_exact: "A handle may have as many requests as its limit, and no more" ["TR-24" "TR-88"];
        limits.every_end_makes_room: "Each end of a request makes room for one" ["INV-37" "TR-25" "TR-88"];
        limits.claimed_ones_count: "A claimed request counts for the handle it came by" ["INV-37" "TR-24" "TR-88"];
        limits.waiting_claims_count: "Claims that wait count as requests do" ["TR-24" "TR-25" "TR-88"];
        limits.of_the_device_is_exact: "The device has as many requests as its limit, and no more" ["TR-24" "TR-88"];
        limits.two_threads_at_the_limit: "Two threads never get more than the limit, and never less" ["TR-06" "TR-24" "TR-25" "TR-88"];

        identity.ids_never_repeat: "No id is used twice while the device lives" ["TR-45" "TR-87"];
        identity.no_kernel_addresses: "No answer holds an address of the kernel" ["TR-87"];

        access.nothing_is_below_the_device: "To open the device with a name after its own fails" ["TR-83"];
        access.denied_without_the_right: "A handle without the right is denied, and nothing changes" ["TR-82"];
        access.clients_are_no_servers: "Each IOCTL can be had with the right it is documented with, and with no other" ["TR-82"];
        access.one_right_is_enough: "A client needs only read access, a server only write access" ["TR-82"];
    }
}

/// What is refused.
fn mistakes<T: Target>() -> Vec<Behavior<T>> {
    behaviors! {
        bad_input.unknown_codes: "Unknown control codes are refused" ["INV-73" "TR-81" "TR-82"];
        bad_input.query_version: "QUERY_VERSION refuses input and every output too short" ["INV-70" "TR-15" "TR-80"];
        bad_input.query_statistics: "QUERY_STATISTICS refuses input and every output too short" ["INV-70" "TR-15" "TR-80"];
        bad_input.pend_lengths: "PEND refuses every length that is not what it says" ["INV-70" "TR-15" "TR-80"];
        bad_input.pend_fields: "PEND refuses wrong versions and reserved bits" ["TR-15"];
        bad_input.complete_next: "COMPLETE_NEXT refuses wrong lengths and versions" ["INV-70" "TR-15" "TR-80"];
        bad_input.cancel: "CANCEL refuses wrong lengths, versions and scopes" ["INV-70" "TR-15" "TR-80"];
        bad_input.claim: "CLAIM refuses wrong lengths, versions and flags" ["INV-70" "TR-15" "TR-80"];
        bad_input.complete: "COMPLETE refuses wrong lengths, versions and statuses" ["INV-70" "TR-05" "TR-15" "TR-80"];
        bad_input.no_buffers: "Every code survives that there is no buffer" ["INV-70" "TR-15" "TR-80"];
    }
}

/// A client that wants to do harm.
fn harm<T: Target>() -> Vec<Behavior<T>> {
    behaviors! {
        hostile.takes_every_place: "Who takes every place by many handles delays others by no more than that" ["TR-24" "TR-88"];
        hostile.cancels_in_every_order: "Who cancels in every order disturbs nobody" ["INV-32" "INV-34" "INV-56" "TR-89"];
        hostile.sends_garbage: "Who sends garbage disturbs nobody" ["INV-70" "TR-15" "TR-80" "TR-82"];
        hostile.dies_in_the_middle: "Who dies in the middle keeps nobody from being served" ["INV-60" "TR-07"];
        hostile.goes_on_beside_another: "Whoever does harm at the same time, others are served" ["INV-37" "TR-06" "TR-24" "TR-88"];
    }
}

/// What Win32 programs see: error codes, and packets in completion ports.
fn programs<T: Target>() -> Vec<Behavior<T>> {
    behaviors! {
        port.each_status_is_its_error: "Every status a request can end with arrives as the Win32 error of the table" ["INV-52" "INV-72"];
        port.a_refusal_sends_no_packet: "What is refused at once fails with the error of the table and sends no packet" ["INV-72" "TR-03"];
        port.what_ends_at_once_sends_one: "What succeeds at once sends one packet, like what was pending" ["INV-10" "INV-72" "TR-03"];
        port.every_end_sends_one: "Completed, canceled, timed out: each end sends one packet with its error" ["INV-10" "INV-32" "INV-52" "TR-06" "TR-92"];
        port.a_cut_answer_is_a_warning: "An answer that is cut comes with ERROR_MORE_DATA and its beginning" ["INV-70" "INV-71"];
        port.the_end_of_a_thread_cancels_nothing: "On a bound handle requests outlive the thread that made them" ["INV-56" "TR-07"];
        port.removal_says_so: "Requests of a removed device end with ERROR_DEVICE_REMOVED, and no longer with ERROR_ACCESS_DENIED" ["INV-63" "INV-65" "TR-68"];
    }
}

/// The device comes and goes.
fn device<T: Target>() -> Vec<Behavior<T>> {
    behaviors! {
        removal.idle_and_back: "The device can be removed and installed again" ["INV-62" "INV-63" "INV-64"];
        removal.everything_pending_comes_back: "Removal ends all that is pending and refuses what comes later" ["INV-61" "INV-63" "INV-65" "TR-67" "TR-68"];
        removal.wakes_a_blocked_thread: "Removal wakes a thread blocked on a synchronous handle" ["INV-63" "TR-68"];
        removal.old_handles_do_not_disturb_a_new_device: "Handles to a removed device do not reach its successor" ["INV-61" "INV-65" "TR-77"];
        removal.everything_claimed_comes_back: "Removal ends claimed requests, timed ones too" ["INV-61" "INV-63" "TR-67"];
        removal.waiting_claims_come_back: "Removal ends claims that wait" ["INV-61" "INV-63" "TR-68"];
        removal.refused_while_open: "A removal that is refused changes nothing" ["TR-69"];

        parameters.set_the_limits: "The limits can be set, and are kept" ["INV-37" "TR-24" "TR-88"];
        parameters.nonsense_does_no_harm: "Parameters that are no good do not keep the driver from starting" ["INV-02" "TR-88"];
    }
}
