<#
Installs the driver package beside it, checks the driver, and removes it.

    run.cmd [-Serial PORT] [-StressSeconds SECONDS] [-Help]

Everything goes to standard output and to the serial port, which is COM1 unless it is named. Lines that
begin with "csq: " are for a program; tests/vm/src/report.rs says what they mean. The last of them is
"csq: end pass", or "csq: end fail" and the reason. Exit codes: 0 pass, 1 fail.

Needs an administrator, on a machine that may crash: Windows 10 2004 or later for x64 with Secure Boot
off and test signing on (bcdedit /set testsigning on, and a restart).
#>
param(
    [string] $Serial = 'COM1',
    [int] $StressSeconds = 30,
    [switch] $Help
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$bundle = $PSScriptRoot
$csqctl = Join-Path $bundle 'csqctl.exe'

if ($Help) {
    Get-Content (Join-Path $bundle 'README.txt')
    exit 0
}

$build = [Environment]::OSVersion.Version.Build
# What the kernel was started with: "TESTSIGNING", "DEBUG", "DEBUGPORT=COM1" and the like. Not from
# bcdedit, whose words depend on the language.
$startOptions = (Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control').SystemStartOptions

$port = $null
try {
    $port = New-Object System.IO.Ports.SerialPort $Serial, 115200
    $port.WriteTimeout = 5000
    $port.Open()
    # Whatever the firmware left on the line.
    $port.Write("`r`n")
} catch {
    $port = $null
    [Console]::Out.WriteLine("Nothing is said on ${Serial}: $_")
    if ($startOptions -match '\bDEBUG') {
        [Console]::Out.WriteLine(@"
The kernel was started for debugging ($startOptions), and keeps the port of its debugger to itself. Who listens
on that port hears nothing of this run. Use another port (-Serial COM2), or switch kernel debugging off
(bcdedit /debug off) or to another transport (bcdedit /dbgsettings), and restart.
"@)
    }
}

# A line on both outputs.
function Say([string] $text) {
    [Console]::Out.WriteLine($text)
    if ($script:port) {
        try { $script:port.Write("$text`r`n") } catch { $script:port = $null }
    }
}

# A line for a program; what it quotes is made one line.
function Report([string] $text) {
    Say ("csq: " + ($text -replace '\s+', ' ').Trim())
}

# Does a step. Anything it throws is a failure, and ends the run.
function Step([string] $name, [scriptblock] $body) {
    Report "step $name"
    try {
        & $body
    } catch {
        Report "fail $name $_"
        throw "$name failed"
    }
    Report "pass $name"
}

# Runs a program, says what it prints, and returns its standard output. Throws unless it exits with one
# of the codes.
function Run([string] $program, [string[]] $arguments, [int[]] $codes = @(0)) {
    Say "> $program $arguments"
    # A program that writes to standard error is no failure.
    $ErrorActionPreference = 'Continue'
    $printed = @(& $program @arguments 2>&1)
    $code = $LASTEXITCODE
    $ErrorActionPreference = 'Stop'
    foreach ($line in $printed) {
        $text = "$line"
        if ($text.Length -gt 400) { Say ($text.Substring(0, 400) + ' ...') } else { Say $text }
    }
    if ($codes -notcontains $code) {
        throw "$(Split-Path -Leaf $program) $($arguments -join ' ') exited with $code"
    }
    # What came from standard error is an ErrorRecord.
    return , @($printed | Where-Object { $_ -is [string] })
}

# The rule classes of Driver Verifier that can be switched on without a restart. Those that need one:
# verifier /standard /driver csq.sys
#   1 special pool, 2 force IRQL checking, 4 pool tracking, 5 I/O verification, 6 deadlock detection,
#   9 security checks, 12 miscellaneous checks, 18 DDI compliance checking
# Windows 11 takes few flags with /volatile, and others with /dif and /now ("Using Volatile Settings",
# "Driver Verifier Command Syntax"). Flag N of the one is class N + 1 of the other.
$isWindows11 = $build -ge 22000
$ruleClasses = if ($isWindows11) { 1, 4, 5, 9, 12, 18 } else { 1, 2, 4, 5, 6, 9, 12 }

# A set of rule classes as flags.
function Get-Flags([int[]] $classes) {
    $flags = [long] 0
    foreach ($class in $classes) { $flags = $flags -bor ([long] 1 -shl ($class - 1)) }
    return $flags
}

# The flags that "verifier /query" says are active; $null if it says nothing of them. They are marked one by
# one, as flags or as classes, or there is one number with eight digits.
function Get-ActiveFlags([string[]] $lines) {
    $marked = $null
    $level = $null
    foreach ($line in $lines) {
        if ($line -match '\[X\]\s+0x([0-9A-Fa-f]{8})') {
            $marked = [long] $marked -bor [Convert]::ToInt64($Matches[1], 16)
        } elseif ($line -match '\[X\]\s+(\d{1,2})\b') {
            $marked = [long] $marked -bor (Get-Flags ([int] $Matches[1]))
        } elseif ($null -eq $level -and $line -match ':\s*(?:0x)?([0-9A-Fa-f]{8})\s*$') {
            $level = [Convert]::ToInt64($Matches[1], 16)
        }
    }
    if ($null -ne $marked) { return $marked }
    return $level
}

# Switches the rule classes on for csq.sys. 1 is an error; 2 asks for a restart, and whether it was needed is
# seen afterwards.
function Start-Verifier {
    if ($isWindows11) {
        $null = Run 'verifier.exe' (@('/dif') + $ruleClasses + @('/now', '/driver', 'csq.sys')) @(0, 2)
    } else {
        $null = Run 'verifier.exe' @('/volatile', '/flags', ('0x{0:X}' -f (Get-Flags $ruleClasses))) @(0, 2)
        $null = Run 'verifier.exe' @('/volatile', '/adddriver', 'csq.sys') @(0, 2)
    }
}

# Throws unless Driver Verifier says that it watches csq.sys by all of the rule classes.
function Assert-Verifier {
    $state = Run 'verifier.exe' @('/query')
    if (-not ($state -match 'csq\.sys')) { throw 'Driver Verifier does not list csq.sys' }
    $active = Get-ActiveFlags $state
    if ($null -eq $active) {
        throw 'verifier /query does not say which rules are active, in a way that this script knows'
    }
    $missing = @($ruleClasses | Where-Object { -not ($active -band (Get-Flags $_)) })
    if ($missing.Count -ne 0) {
        throw "Driver Verifier does not check rule classes $($missing -join ', '); a restart may be missing"
    }
}

# Switches off what can be without a restart.
function Stop-Verifier {
    $arguments = if ($isWindows11) { @('/stop') } else { @('/volatile', '/removedriver', 'csq.sys') }
    $null = Run 'verifier.exe' $arguments @(0, 1, 2)
}

# The package's name in the driver store, oemNN.inf; there may be more than one.
function Get-InstalledPackage {
    Get-ChildItem "$env:SystemRoot\INF\oem*.inf" |
        Where-Object { Select-String -Path $_ -Pattern 'Root\CSQ' -SimpleMatch -Quiet } |
        ForEach-Object { $_.Name }
}

# Takes everything away that this script has brought. Returns what is still there.
function Remove-All {
    # 3: there is no device.
    $null = Run $csqctl @('uninstall') @(0, 3)
    foreach ($name in @(Get-InstalledPackage)) {
        $null = Run 'pnputil.exe' @('/delete-driver', $name, '/uninstall', '/force')
    }
    Stop-Verifier
    foreach ($store in @('Root', 'TrustedPublisher')) {
        Get-ChildItem "Cert:\LocalMachine\$store" |
            Where-Object { $_.Thumbprint -eq $certificate.Thumbprint } | Remove-Item
    }
    if (@(Get-InstalledPackage).Count -ne 0) { 'the package is still in the driver store' }
    if (Get-CimInstance Win32_PnPEntity | Where-Object { $_.HardwareID -contains 'Root\CSQ' }) {
        'the device is still there'
    }
}

$failure = $null
$certificate = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 (Join-Path $bundle 'csq.cer')
Report 'begin'
try {
    Step 'machine' {
        $user = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
        if (-not $user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
            throw 'this needs an administrator: start run.cmd from an elevated prompt'
        }
        $windows = [Environment]::OSVersion.Version
        Say "Windows $windows, $env:PROCESSOR_ARCHITECTURE"
        if ($env:PROCESSOR_ARCHITECTURE -ne 'AMD64') { throw 'this package is for x64' }
        if ($windows.Build -lt 19041) { throw 'the driver needs Windows 10 2004, build 19041, or later' }
        if ($startOptions -notmatch 'TESTSIGNING') {
            throw 'test signing is off: bcdedit /set testsigning on, then restart (Secure Boot must be off)'
        }
    }
    Step 'certificate' {
        foreach ($store in @('Root', 'TrustedPublisher')) {
            $null = Run 'certutil.exe' @('-f', '-addstore', $store, (Join-Path $bundle 'csq.cer'))
        }
    }
    Step 'verifier' {
        Start-Verifier
        Assert-Verifier
    }
    Step 'install' {
        # The same by the WDK's tools:
        #   devcon install csq.inf Root\CSQ
        #   pnputil /add-driver csq.inf, then devgen /add /bus ROOT /hardwareid Root\CSQ
        $null = Run $csqctl @('install', '--inf', (Join-Path $bundle 'csq.inf'))
    }
    Step 'selftest' {
        $output = Run $csqctl @('selftest', '--json', '--inf', (Join-Path $bundle 'csq.inf'))
        $result = ($output -join "`n") | ConvertFrom-Json
        Say "$($result.passed) passed, $($result.failed) failed, $($result.skipped) skipped"
        if (-not $result.good -or $result.passed -eq 0) { throw "$($result.failed) behaviors failed" }
        # The driver has been loaded several times by now.
        Assert-Verifier
    }
    Step 'stress' {
        # Threads and processes that pend, claim, answer and cancel in every way, and are killed.
        $output = Run $csqctl @('stress', '--json', '--kill-children', '--seconds', "$StressSeconds")
        $result = ($output -join "`n") | ConvertFrom-Json
        if (-not $result.good) { throw "what was counted does not agree with the driver's account" }
        $account = (Run $csqctl @('stats', '--json')) -join "`n" | ConvertFrom-Json
        if (-not $account.balances) { throw "the driver's account does not balance" }
        if ($account.pending -ne 0) { throw "$($account.pending) requests are still pending" }
    }
    Step 'uninstall' {
        $left = @(Remove-All)
        if ($left.Count -ne 0) { throw ($left -join ', ') }
    }
} catch {
    $failure = "$_"
    Say $failure
    try { $null = Remove-All } catch { Say "$_" }
}
if ($failure) { Report "end fail $failure" } else { Report 'end pass' }
if ($port) { $port.Close() }
exit [int] [bool] $failure
