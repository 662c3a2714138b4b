// Shows the requests that a csq device keeps, in WinDbg. Made with the csq.sys beside it, for which alone
// its offsets are right.
//
//   .scriptload csq.js
//   !drvobj csq                    lists the device objects
//   dx -r3 @$csq(0xffff...)        the queues of one of them, and their IRPs
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

// The queues of the device object at an address, by name.
function devices(device) {
    const extension = pointer(host.parseInt64(device.toString(16), 16).add(OFFSETS.extension));
    const queues = {};
    for (const name of Object.keys(OFFSETS.queues)) {
        queues[name] = Array.from(irps(extension.add(OFFSETS.queues[name])));
    }
    return queues;
}

// The IRPs of the list whose head is at an address, oldest first.
function* irps(head) {
    let link = pointer(head);
    for (let count = 0; link.compareTo(head) !== 0; count += 1) {
        if (count === LONGEST || pointer(pointer(link).add(8)).compareTo(link) !== 0) {
            throw new Error("the list is broken at " + link.toString(16));
        }
        const irp = link.subtract(OFFSETS.link);
        const slot = pointer(irp.add(OFFSETS.slot));
        yield {
            Address: irp,
            Id: pointer(slot.add(OFFSETS.id)),
            Tag: pointer(slot.add(OFFSETS.tag)),
            Irp: host.createTypedObject(irp, "nt", "_IRP"),
            FileObject: pointer(irp.add(OFFSETS.file)),
            Thread: pointer(irp.add(OFFSETS.thread)),
            SystemBuffer: pointer(irp.add(OFFSETS.buffer)),
        };
        link = pointer(link);
    }
}
