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

$port = $null
try {
    $port = New-Object System.IO.Ports.SerialPort $Serial, 115200
    $port.WriteTimeout = 5000
    $port.Open()
    # Whatever the firmware left on the line.
    $port.Write("`r`n")
} catch {
    $port = $null
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
    $null = Run 'verifier.exe' @('/volatile', '/removedriver', 'csq.sys') @(0, 1, 2)
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
        # Not from bcdedit, whose words depend on the language.
        $control = 'HKLM:\SYSTEM\CurrentControlSet\Control'
        $options = (Get-ItemProperty $control).SystemStartOptions
        if ($options -notmatch 'TESTSIGNING') {
            throw 'test signing is off: bcdedit /set testsigning on, then restart (Secure Boot must be off)'
        }
    }
    Step 'certificate' {
        foreach ($store in @('Root', 'TrustedPublisher')) {
            $null = Run 'certutil.exe' @('-f', '-addstore', $store, (Join-Path $bundle 'csq.cer'))
        }
    }
    Step 'verifier' {
        # Special pool, forced IRQL checks, pool tracking, I/O verification, deadlock detection, security
        # checks, miscellaneous checks: what can be switched on without a restart. The rest takes one:
        # verifier /standard /driver csq.sys
        # 1 is an error; 2 asks for a restart, and the query says whether it was needed.
        $null = Run 'verifier.exe' @('/volatile', '/flags', '0x93B') @(0, 2)
        $null = Run 'verifier.exe' @('/volatile', '/adddriver', 'csq.sys') @(0, 2)
        $state = Run 'verifier.exe' @('/query')
        if (-not ($state -match 'csq\.sys')) { throw 'Driver Verifier does not list csq.sys' }
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
