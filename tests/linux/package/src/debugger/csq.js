// Shows the requests that a csq device keeps, in WinDbg. Made with the csq.sys beside it, for which alone
// its offsets are right.
//
//   .scriptload csq.js
//   !drvobj csq                    lists the device objects
//   dx -r3 @$csq(0xffff...)        the requests and claims of one of them
"use strict";

const OFFSETS = $OFFSETS$;

// A list that is longer is taken for a broken one.
const LONGEST = 1000000;

function initializeScript() {
    return [new host.apiVersionSupport(1, 3), new host.functionAlias(devices, "csq")];
}

function pointer(address) {
    return host.memory.readMemoryValues(address, 1, 8)[0];
}

// The requests and claims of the device object at an address, by what state they are in.
function devices(device) {
    const extension = pointer(host.parseInt64(device.toString(16), 16).add(OFFSETS.extension));
    const lists = {};
    const heads = [];
    for (const name of Object.keys(OFFSETS.lists)) {
        const head = extension.add(OFFSETS.lists[name]);
        heads.push(head);
        lists[name] = Array.from(irps(head));
    }
    lists.claimed = Array.from(claimed(extension, heads));
    return lists;
}

// The requests that servers have claimed: those in slots that are in no list of the device's own.
function* claimed(extension, heads) {
    const length = host.memory.readMemoryValues(extension.add(OFFSETS.length), 1, 4)[0];
    let slot = pointer(extension.add(OFFSETS.slots));
    for (let count = 0; count < length; count += 1) {
        const irp = pointer(slot);
        const list = pointer(slot.add(OFFSETS.list));
        if (irp.compareTo(0) !== 0 && !heads.some((head) => head.compareTo(list) === 0)) {
            yield shown(irp, slot);
        }
        slot = slot.add(OFFSETS.slot_size);
    }
}

// The IRPs of the list whose head is at an address, oldest first. A list that was never used has no links.
function* irps(head) {
    let link = pointer(head);
    for (let count = 0; link.compareTo(0) !== 0 && link.compareTo(head) !== 0; count += 1) {
        if (count === LONGEST || pointer(pointer(link).add(8)).compareTo(link) !== 0) {
            throw new Error("the list is broken at " + link.toString(16));
        }
        const irp = link.subtract(OFFSETS.link);
        yield shown(irp, pointer(irp.add(OFFSETS.slot)));
        link = pointer(link);
    }
}

function shown(irp, slot) {
    const buffer = pointer(irp.add(OFFSETS.buffer));
    return {
        Address: irp,
        Id: pointer(slot.add(OFFSETS.id)),
        Tag: pointer(buffer.add(OFFSETS.tag)),
        Irp: host.createTypedObject(irp, "nt", "_IRP"),
        FileObject: pointer(irp.add(OFFSETS.file)),
        Thread: pointer(irp.add(OFFSETS.thread)),
        SystemBuffer: buffer,
    };
}
