# The guest of qemu.rs: a boot sector that does what the script in the next eight sectors says. What a
# byte of the script means is in qemu.rs.
    .code16
    .set base, 0x7c00
    .set script, 0x8000
    .set buffer, 0xa000
start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $base, %sp
    sti
    cld
    # %dl is the number that the BIOS has given to this disk.
    mov $(script_sectors - start + base), %si
    mov $0x42, %ah
    int $0x13
    jc stop
    mov $script, %si
next:
    lodsb
    cmp $0, %al
    je stop
    cmp $1, %al
    je label
    cmp $2, %al
    je overwrite
    cmp $3, %al
    je restart
    cmp $4, %al
    je shut_down
    call say
    jmp next

stop:
    hlt
    jmp stop

label:
    push %si
    mov $(bundle_sector - start + base), %si
    mov $0x42, %ah
    mov $0x81, %dl
    int $0x13
    jc stop
    # The volume's name in the first sector of a FAT16 file system.
    mov $(buffer + 0x2b), %si
    mov $11, %cx
letter:
    lodsb
    call say
    loop letter
    pop %si
    jmp next

overwrite:
    push %si
    mov $0x80, %dl
disk:
    mov $'W', %al
    mov %al, buffer
    mov $(second_sector - start + base), %si
    mov $0x4300, %ax
    int $0x13
    jc stop
    movb $'?', buffer
    mov $0x42, %ah
    int $0x13
    jc stop
    mov buffer, %al
    push %dx
    call say
    pop %dx
    inc %dl
    cmp $0x82, %dl
    jne disk
    pop %si
    jmp next

restart:
    mov $0xcf9, %dx
    mov $6, %al
    out %al, %dx
    jmp stop

    # As ACPI does it: S5 to the register PM1a_CNT of QEMU's q35.
shut_down:
    mov $0x604, %dx
    mov $0x2000, %ax
    out %ax, %dx
    jmp stop

    # %al to COM1, when there is room for it.
say:
    mov %al, %bl
    mov $0x3fd, %dx
busy:
    in %dx, %al
    test $0x20, %al
    jz busy
    mov $0x3f8, %dx
    mov %bl, %al
    out %al, %dx
    ret

    # Disk address packets: sectors, where to, the first sector.
script_sectors:
    .byte 16, 0
    .word 8, script, 0
    .quad 1
bundle_sector:
    .byte 16, 0
    .word 1, buffer, 0
    .quad 2048
second_sector:
    .byte 16, 0
    .word 1, buffer, 0
    .quad 1

    .org 510
    .byte 0x55, 0xaa
