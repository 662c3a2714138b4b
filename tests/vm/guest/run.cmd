@echo off
rem Starts run.ps1, which Windows would not do by itself. Takes its options: run.cmd -Help
powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "%~dp0run.ps1" %*
exit /b %ERRORLEVEL%
