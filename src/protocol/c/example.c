// A client of csq.sys in C: one handle pends a request, another claims and answers it. As administrator, on a machine
// on which csq.sys is installed. With MinGW, or with Microsoft's compiler:
//
//   x86_64-w64-mingw32-gcc -I PACKAGE example.c -o example.exe -lsetupapi
//   cl /I PACKAGE example.c setupapi.lib

#include <windows.h>

#include <initguid.h>

#include <setupapi.h>
#include <stdio.h>
#include <string.h>

#include "csq.h"

static int failed(const char *what)
{
    fprintf(stderr, "%s: error %lu\n", what, GetLastError());
    return 1;
}

// Opens the first csq device. Each handle has its own requests.
static HANDLE open_device(DWORD access)
{
    union {
        SP_DEVICE_INTERFACE_DETAIL_DATA_W data;
        BYTE room[1024];
    } detail;
    SP_DEVICE_INTERFACE_DATA found;
    HANDLE handle = INVALID_HANDLE_VALUE;
    HDEVINFO set = SetupDiGetClassDevsW(&GUID_DEVINTERFACE_CSQ, NULL, NULL, DIGCF_PRESENT | DIGCF_DEVICEINTERFACE);

    found.cbSize = sizeof(found);
    detail.data.cbSize = sizeof(detail.data);
    if (set != INVALID_HANDLE_VALUE
        && SetupDiEnumDeviceInterfaces(set, NULL, &GUID_DEVINTERFACE_CSQ, 0, &found)
        && SetupDiGetDeviceInterfaceDetailW(set, &found, &detail.data, sizeof(detail), NULL, NULL)) {
        handle = CreateFileW(detail.data.DevicePath, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED, NULL);
    }
    if (set != INVALID_HANDLE_VALUE) {
        SetupDiDestroyDeviceInfoList(set);
    }
    return handle;
}

// Sends a code and waits for its end; returns how many bytes came, or -1.
static int ask(HANDLE device, DWORD code, void *input, DWORD size, void *output, DWORD room)
{
    OVERLAPPED overlapped = { 0 };
    DWORD length = 0;
    BOOL done;

    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    done = DeviceIoControl(device, code, input, size, output, room, &length, &overlapped);
    if (!done && GetLastError() == ERROR_IO_PENDING) {
        done = GetOverlappedResult(device, &overlapped, &length, TRUE);
    }
    CloseHandle(overlapped.hEvent);
    return done ? (int)length : -1;
}

int main(void)
{
    struct { CSQ_PEND head; char payload[8]; } request = { { CSQ_PROTOCOL_VERSION, 10000, 7, 5, 0 }, "Hello" };
    struct { CSQ_CLAIMED head; char payload[CSQ_MAX_PAYLOAD]; } claimed;
    struct { CSQ_COMPLETE head; char payload[8]; } answer = { { CSQ_PROTOCOL_VERSION, CSQ_STATUS_SUCCESS, 0, 6, 0 }, "World!" };
    CSQ_CLAIM claim = { CSQ_PROTOCOL_VERSION, CSQ_CLAIM_WAIT };
    CSQ_DELIVERED delivered;
    char output[16] = { 0 };
    OVERLAPPED pending = { 0 };
    DWORD length;
    HANDLE client = open_device(GENERIC_READ);
    HANDLE server = open_device(GENERIC_WRITE);

    if (client == INVALID_HANDLE_VALUE || server == INVALID_HANDLE_VALUE) {
        return failed("open (is csq.sys installed, and are you administrator?)");
    }

    // The driver keeps this request until somebody ends it, or ten seconds are over.
    pending.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (DeviceIoControl(client, IOCTL_CSQ_PEND, &request, sizeof(request.head) + request.head.PayloadLength, output,
            sizeof(output) - 1, NULL, &pending)
        || GetLastError() != ERROR_IO_PENDING) {
        return failed("pend");
    }

    if (ask(server, IOCTL_CSQ_CLAIM, &claim, sizeof(claim), &claimed, sizeof(claimed)) < (int)sizeof(claimed.head)) {
        return failed("claim");
    }
    printf("claimed: tag %llu, %.*s\n", claimed.head.Tag, (int)claimed.head.PayloadLength, claimed.payload);

    answer.head.Id = claimed.head.Id;
    if (ask(server, IOCTL_CSQ_COMPLETE, &answer, sizeof(answer.head) + answer.head.PayloadLength, &delivered,
            sizeof(delivered)) < 0) {
        return failed("complete");
    }
    if (!GetOverlappedResult(client, &pending, &length, TRUE)) {
        return failed("the request");
    }
    printf("answered: %.*s\n", (int)length, output);
    CloseHandle(pending.hEvent);
    CloseHandle(server);
    CloseHandle(client);
    return strcmp(output, "World!") != 0;
}
