//! Declarations of mingw-w64 that are replaced.

/// A declaration, in mingw-w64's words and as Microsoft documents it.
pub struct Correction {
    /// The header, by its name in mingw-w64's directory.
    pub header: &'static str,
    /// The text of mingw-w64.
    pub from: &'static str,
    /// The text that takes its place.
    pub to: &'static str,
}

/// All corrections. Source: the public reference of each structure and routine (learn.microsoft.com);
/// for the alignment of `IRP` and `DEVICE_OBJECT`, which the reference leaves out, the WDK's wdm.h and the
/// size of `_DEVICE_OBJECT` in the public symbols of the kernel.
pub const CORRECTIONS: &[Correction] = &[
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _IRP {",
        to: "typedef struct DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) _IRP {",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _DEVICE_OBJECT {",
        to: "typedef struct DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) _DEVICE_OBJECT {",
    },
    // The name of a value to query. The other `PCWSTR Name` of the file is a parameter.
    Correction {
        header: "ddk/wdm.h",
        from: "  ULONG Flags;\n  PCWSTR Name;\n",
        to: "  ULONG Flags;\n  PWSTR Name;\n",
    },
    Correction {
        header: "evntprov.h",
        from: "    ULONG Size;\n    ULONG Reserved;\n  } EVENT_DATA_DESCRIPTOR,",
        to: "    ULONG Size;\n    union {\n      ULONG Reserved;\n      struct {\n        UCHAR Type;\n        \
             UCHAR Reserved1;\n        USHORT Reserved2;\n      };\n    };\n  } EVENT_DATA_DESCRIPTOR,",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "  PTXN_PARAMETER_BLOCK TxnParameters;\n} IO_DRIVER_CREATE_CONTEXT,",
        to: "  PTXN_PARAMETER_BLOCK TxnParameters;\n  struct _EJOB *SiloContext;\n} IO_DRIVER_CREATE_CONTEXT,",
    },
    // A priority, or'd with flags that are none.
    Correction {
        header: "ddk/wdm.h",
        from: "MmMapLockedPagesSpecifyCache(\n  IN PMDLX MemoryDescriptorList,\n  IN KPROCESSOR_MODE AccessMode,\n  \
               IN MEMORY_CACHING_TYPE CacheType,\n  IN PVOID BaseAddress OPTIONAL,\n  IN ULONG BugCheckOnFailure,\n  \
               IN MM_PAGE_PRIORITY Priority);",
        to: "MmMapLockedPagesSpecifyCache(\n  IN PMDLX MemoryDescriptorList,\n  IN KPROCESSOR_MODE AccessMode,\n  \
             IN MEMORY_CACHING_TYPE CacheType,\n  IN PVOID BaseAddress OPTIONAL,\n  IN ULONG BugCheckOnFailure,\n  \
             IN ULONG Priority);",
    },
    // Opaque to drivers; a thread is what KeGetCurrentThread returns.
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _EPROCESS *PEPROCESS;",
        to: "typedef struct _KPROCESS *PEPROCESS;",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _ETHREAD *PETHREAD;",
        to: "typedef struct _KTHREAD *PETHREAD;",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "RtlGUIDFromString(\n  IN PUNICODE_STRING GuidString,",
        to: "RtlGUIDFromString(\n  IN PCUNICODE_STRING GuidString,",
    },
    // `const PSTRING` is a constant pointer to what may be written.
    Correction {
        header: "ddk/ntddk.h",
        from: "RtlCompareString(\n  IN const PSTRING String1,\n  IN const PSTRING String2,",
        to: "RtlCompareString(\n  IN const STRING *String1,\n  IN const STRING *String2,",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "RtlEqualString(\n  IN const PSTRING String1,\n  IN const PSTRING String2,",
        to: "RtlEqualString(\n  IN const STRING *String1,\n  IN const STRING *String2,",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "  OUT PSTRING DestinationString,\n  IN const PSTRING SourceString OPTIONAL);",
        to: "  OUT PSTRING DestinationString,\n  IN const STRING *SourceString OPTIONAL);",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "  IN OUT PSTRING  DestinationString,\n  IN const PSTRING  SourceString);",
        to: "  IN OUT PSTRING  DestinationString,\n  IN const STRING *SourceString);",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "ExNotifyCallback(\n  IN PCALLBACK_OBJECT CallbackObject,",
        to: "ExNotifyCallback(\n  IN PVOID CallbackObject,",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _FAST_MUTEX {\n  volatile LONG Count;\n  PKTHREAD Owner;",
        to: "typedef struct _FAST_MUTEX {\n  volatile LONG Count;\n  PVOID Owner;",
    },
    Correction {
        header: "ddk/ntifs.h",
        from: "IN PUNICODE_STRING RedirectorDeviceName,",
        to: "IN PCUNICODE_STRING RedirectorDeviceName,",
    },
    Correction {
        header: "ddk/ntifs.h",
        from: "IN PUNICODE_STRING RedirDevName,",
        to: "IN PCUNICODE_STRING RedirDevName,",
    },
    Correction {
        header: "ddk/ntifs.h",
        from: "IN PUNICODE_STRING pProviderName,",
        to: "IN PCUNICODE_STRING pProviderName,",
    },
    Correction {
        header: "ddk/ntifs.h",
        from: "IN PUNICODE_PREFIX_TABLE PrefixTable,\n  IN PUNICODE_STRING FullName,",
        to: "IN PUNICODE_PREFIX_TABLE PrefixTable,\n  IN PCUNICODE_STRING FullName,",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "IoWMIAllocateInstanceIds(\n  IN GUID *Guid,",
        to: "IoWMIAllocateInstanceIds(\n  IN const GUID *Guid,",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "IoWMIOpenBlock(\n  IN GUID *DataBlockGuid,",
        to: "IoWMIOpenBlock(\n  IN const GUID *DataBlockGuid,",
    },
    // The same since Windows 8.
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _KGUARDED_MUTEX {\n  volatile LONG Count;\n  PKTHREAD Owner;\n  ULONG Contention;\n  \
               KGATE Gate;\n  _ANONYMOUS_UNION union {\n    _ANONYMOUS_STRUCT struct {\n      SHORT KernelApcDisable;\n      \
               SHORT SpecialApcDisable;\n    } DUMMYSTRUCTNAME;\n    ULONG CombinedApcDisable;\n  } DUMMYUNIONNAME;\n} \
               KGUARDED_MUTEX, *PKGUARDED_MUTEX;",
        to: "typedef struct _FAST_MUTEX KGUARDED_MUTEX, *PKGUARDED_MUTEX;",
    },
    // Windows 8, 8.1 and 11.
    Correction {
        header: "ddk/ntifs.h",
        from: "  PVOID *FileContextSupportPointer;\n#endif\n} FSRTL_ADVANCED_FCB_HEADER,",
        to: "  PVOID *FileContextSupportPointer;\n#endif\n  union {\n    PVOID Oplock;\n    PVOID ReservedForRemote;\n  };\n  \
             PVOID AePushLock;\n  ULONG BypassIoOpenCount;\n} FSRTL_ADVANCED_FCB_HEADER,",
    },
    // Inline routines that call what DMA_OPERATIONS has, which is the metadata's (GROWN). Nothing binds them.
    Correction {
        header: "ddk/wdm.h",
        from: "#if defined(USE_DMA_MACROS) && !defined(_NTHAL_) && \\\n   \
               (defined(_NTDDK_) || defined(_NTDRIVER_)) || defined(_WDM_INCLUDED_)\n",
        to: "#if 0 /* USE_DMA_MACROS */\n",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "#if defined(USE_DMA_MACROS) && !defined(_NTHAL_) && (defined(_NTDDK_) || defined(_NTDRIVER_)) || \
               defined(_WDM_INCLUDED_)\n",
        to: "#if 0 /* USE_DMA_MACROS, of HAL */\n",
    },
    // Nobody may write to these.
    Correction {
        header: "ddk/ntddk.h",
        from: "extern NTKERNELAPI PVOID MmHighestUserAddress;\nextern NTKERNELAPI PVOID MmSystemRangeStart;\n\
               extern NTKERNELAPI ULONG64 MmUserProbeAddress;",
        to: "extern NTKERNELAPI const PVOID MmHighestUserAddress;\nextern NTKERNELAPI const PVOID MmSystemRangeStart;\n\
             extern NTKERNELAPI const ULONG64 MmUserProbeAddress;",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "RtlMapGenericMask(\n  IN OUT PACCESS_MASK AccessMask,\n  IN PGENERIC_MAPPING GenericMapping);",
        to: "RtlMapGenericMask(\n  IN OUT PACCESS_MASK AccessMask,\n  IN const GENERIC_MAPPING *GenericMapping);",
    },
];
