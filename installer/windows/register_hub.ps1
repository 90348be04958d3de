# Registers the hub as a task that starts with the computer, and its nightly backup; docs/deployment/hub.md.
# Run as administrator; a second run replaces the tasks and leaves the data as they are.
param(
    [string]$Program = "C:\Dala",
    [string]$Data = "C:\DalaHub",
    [Parameter(Mandatory = $true)][string]$Options,
    [string]$BackupFolder = "",
    [string]$BackupOptions = ""
)
$ErrorActionPreference = "Stop"
$python = Join-Path $Program ".venv\Scripts\python.exe"
if (-not (Test-Path $python)) { throw "There is no $python." }

New-Item -ItemType Directory -Force -Path $Data, (Join-Path $Data "hub"), (Join-Path $Data "key") | Out-Null
# S-1-5-19 is LOCAL SERVICE, S-1-5-18 SYSTEM, S-1-5-32-544 the administrators, whatever the language of Windows
icacls $Data /inheritance:r /grant "*S-1-5-19:(OI)(CI)M" "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F" | Out-Null
if ($LASTEXITCODE -ne 0) { throw "The rights of $Data could not be set." }

$common = "--data `"$Data\hub`" --key-file `"$Data\key\hub.key`""
$principal = New-ScheduledTaskPrincipal -UserId "S-1-5-19" -LogonType ServiceAccount -RunLevel Limited
$settings = New-ScheduledTaskSettingsSet -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) `
    -ExecutionTimeLimit ([TimeSpan]::Zero) -MultipleInstances IgnoreNew -StartWhenAvailable `
    -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
$action = New-ScheduledTaskAction -Execute $python -Argument "-m clinic_app.hub $common $Options" -WorkingDirectory $Program
Register-ScheduledTask -TaskName "Dala hub" -Action $action -Trigger (New-ScheduledTaskTrigger -AtStartup) `
    -Principal $principal -Settings $settings -Force | Out-Null

if ($BackupFolder) {
    icacls $BackupFolder /grant "*S-1-5-19:(OI)(CI)M" | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "The rights of $BackupFolder could not be set." }
    $copy = New-ScheduledTaskAction -Execute $python -WorkingDirectory $Program `
        -Argument "-m clinic_app.hub backup $common --to `"$BackupFolder`" $BackupOptions"
    Register-ScheduledTask -TaskName "Dala hub backup" -Action $copy `
        -Trigger (New-ScheduledTaskTrigger -Daily -At "02:30") -Principal $principal `
        -Settings (New-ScheduledTaskSettingsSet -StartWhenAvailable -MultipleInstances IgnoreNew) -Force | Out-Null
}
Start-ScheduledTask -TaskName "Dala hub"
