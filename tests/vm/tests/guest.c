/* The guest of qemu.rs with UEFI: writes a variable, looks for it in the flash memory that QEMU makes of
   the store, says TEXT on COM1 and shuts down. Offsets and calls are those of the UEFI specification. */

typedef unsigned long long u64;
typedef unsigned char u8;

/* EFI_SYSTEM_TABLE.RuntimeServices, and two of its routines. */
enum { RUNTIME_SERVICES = 88, SET_VARIABLE = 88, RESET_SYSTEM = 104 };
/* EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS */
enum { ATTRIBUTES = 3 };
enum { SHUTDOWN = 2 };

/* Where OVMF's build of 4 MiB has the store: at the beginning of its flash memory. */
#define STORE ((volatile u8 *)0xffc00000)
enum { STORE_SIZE = 0x84000 };

typedef u64 set_variable(const unsigned short *name, const u8 *vendor, unsigned attributes, u64 size, const void *data);
typedef u64 reset_system(unsigned kind, u64 status, u64 size, const void *data);

static void *pointer(const void *structure, u64 offset) { return *(void *const *)((const u8 *)structure + offset); }

static void out(unsigned short port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }

static u8 in(unsigned short port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void say(const char *text) {
    for (; *text; text++) {
        while (!(in(0x3fd) & 0x20)) {
        }
        out(0x3f8, (u8)*text);
    }
}

static int is_stored(const u8 *data, u64 size) {
    for (u64 start = 0; start + size <= STORE_SIZE; start++) {
        u64 same = 0;
        while (same < size && STORE[start + same] == data[same]) same++;
        if (same == size) return 1;
    }
    return 0;
}

u64 efi_main(void *image, const void *system) {
    static const unsigned short name[] = {'c', 's', 'q', 0};
    static const u8 vendor[16] = {0x63, 0x73, 0x71};
    static const u8 data[] = "a variable that csq's test has written";
    const void *services = pointer(system, RUNTIME_SERVICES);
    (void)image;
    /* Whatever the firmware left on the line. */
    say("\r\n");
    if (((set_variable *)pointer(services, SET_VARIABLE))(name, vendor, ATTRIBUTES, sizeof data, data) == 0 &&
        is_stored(data, sizeof data))
        say("the variable is in the store\r\n");
    say(TEXT);
    ((reset_system *)pointer(services, RESET_SYSTEM))(SHUTDOWN, 0, 0, 0);
    return 0;
}
