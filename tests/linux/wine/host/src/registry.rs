//! What the prefix's registry must say.

/// The settings, as `regedit` reads them.
///
/// - The forwarding ntoskrnl.exe goes before Wine's own, in every process of the prefix: hal.dll
///   and winedevice.exe must bind to the same one as the drivers.
/// - A crash ends a program at once, without a window or a debugger.
pub const SETTINGS: &str = r#"Windows Registry Editor Version 5.00

[HKEY_CURRENT_USER\Software\Wine\DllOverrides]
"ntoskrnl.exe"="native"

[HKEY_CURRENT_USER\Software\Wine\WineDbg]
"ShowCrashDialog"=dword:00000000

[HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\AeDebug]
"Auto"="0"
"#;

/// The version of Windows that programs see; Wine 8.0 says 7 if not told.
pub const WINDOWS_VERSION: &str = "win10";
