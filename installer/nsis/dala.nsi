; The Setup program of Dala; installer/setup_program.py hands it VERSION, VERSION_OF_FILE, APP, OUT, ICON, REMOVAL,
; TEXTS and SIZE_KB, SIGN where somebody signs (the command that signs the file after it), and defines one of
; PACKING_LZMA, PACKING_ZLIB and PACKING_NONE.
;
; Per machine, 64 bits. /S installs without a question, /D=FOLDER (last, without quotes) elsewhere, /LANGUAGE=kk|ru|en
; and /HUB=ADDRESS are written into the settings of a computer that has none yet. Exit codes beside NSIS's own 0, 1, 2:
;   10 no 64-bit Windows       11 Windows older than 10 1809     12 the program is running
;   13 a newer one is there    14 the folder belongs to something else
;   15 the data could not be copied before the update
;   16 it was installed by the MSI package
;   17 the hub could not be made a service, or does not stop
;   18 the program is installed, and an option for its first start is not right
;   19 another Setup is at work
; /ENROL=CODE comes into the hub with the first start, /HUBCERTIFICATE=SHA256 trusts a certificate of the hub's own,
; /PROVISION=FILE (whole path) sets the workstation up; what they leave is erased when it was used.
; /UPDATE=1 and /ROLLBACK=VERSION are for the task that installs updates: the first leaves copying the data to it, the
; second lets the version that was there before come back in place of the named one.
; /HUBSERVICE=1 makes the hub a service of this computer; an update stops the one that is there and starts it again.

Unicode true
Target amd64-unicode
!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"
!include "WinVer.nsh"
!include "WordFunc.nsh"
!include "x64.nsh"
!include "${REMOVAL}"

!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Dala"
!define OWN_KEY "Software\Dala"
!define OLDEST_BUILD 17763 ; Windows 10 1809

Name "Dala"
BrandingText "Dala ${VERSION}"
Caption "Dala ${VERSION}"
OutFile "${OUT}"
InstallDir "$PROGRAMFILES64\Dala"
RequestExecutionLevel admin
ManifestSupportedOS Win10
ManifestDPIAware true
AllowSkipFiles off ; a file that cannot be written is a fault, not something to leave out in silence
XPStyle on
ShowInstDetails nevershow
ShowUninstDetails nevershow
!ifdef PACKING_NONE
  SetCompress off
!else ifdef PACKING_ZLIB
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 64
!endif

!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"' = 0
!endif

VIProductVersion "${VERSION_OF_FILE}"
VIAddVersionKey "CompanyName" "Dala"
VIAddVersionKey "FileDescription" "Dala Setup"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "Apache License 2.0"
VIAddVersionKey "ProductName" "Dala"
VIAddVersionKey "ProductVersion" "${VERSION}"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_NOAUTOCLOSE
!define MUI_LANGDLL_ALLLANGUAGES
!define MUI_LANGDLL_WINDOWTITLE "Dala"
!define MUI_LANGDLL_INFO "Тіл / Язык / Language"
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGEEX "${TEXTS}" "Kazakh"
!insertmacro MUI_LANGUAGE "Russian"
!insertmacro MUI_LANGUAGE "English"
!include "${TEXTS}\sentences.nsh"
!insertmacro MUI_RESERVEFILE_LANGDLL
!insertmacro VersionCompare

; Says a sentence to whoever sits there, or to the log where nobody does, and ends with an exit code of its own.
!macro Refuse CODE SENTENCE
  Push "${SENTENCE}"
  Push ${CODE}
  Call Refuse
!macroend
!define Refuse "!insertmacro Refuse"

Function Refuse
  Exch $0 ; the code
  Exch
  Exch $1 ; the sentence
  FileOpen $2 "$TEMP\Dala-setup.log" w
  ${If} $2 != ""
    FileWriteUTF16LE /BOM $2 "$0 $1$\r$\n"
    FileClose $2
  ${EndIf}
  MessageBox MB_OK|MB_ICONSTOP "$1" /SD IDOK
  SetErrorLevel $0
  Quit
FunctionEnd

; Only the version that was there right before may come back, and only to who names the one that goes.
Function RefuseDowngrade
  ${GetParameters} $2
  ClearErrors
  ${GetOptions} $2 "/ROLLBACK=" $3
  ${If} ${Errors}
    StrCpy $3 ""
  ${EndIf}
  ReadRegStr $4 HKLM "${OWN_KEY}" "Former"
  ${If} $3 != $0
  ${OrIf} $4 != "${VERSION}"
    ${Refuse} 13 "$(NewerIsThere)"
  ${EndIf}
FunctionEnd

Function .onInit
  SetRegView 64
  SetShellVarContext all
  ${IfNot} ${Silent}
    !insertmacro MUI_LANGDLL_DISPLAY
  ${EndIf}
  ${IfNot} ${RunningX64}
    ${Refuse} 10 "$(OnlySixtyFour)"
  ${EndIf}
  ReadRegStr $0 HKLM "SOFTWARE\Microsoft\Windows NT\CurrentVersion" "CurrentBuildNumber"
  ${IfNot} ${AtLeastWin10}
  ${OrIf} $0 < ${OLDEST_BUILD}
    ${Refuse} 11 "$(WindowsTooOld)"
  ${EndIf}
  ReadRegStr $0 HKLM "${OWN_KEY}" "Package"
  ${If} $0 != ""
    ${Refuse} 16 "$(ByPackage)"
  ${EndIf}
  ReadRegStr $0 HKLM "${KEY}" "InstallLocation"
  ${If} $0 != ""
    StrCpy $INSTDIR $0 ; an update goes where the program lies
  ${EndIf}
  ReadRegStr $0 HKLM "${KEY}" "DisplayVersion"
  ${If} $0 != ""
    ${VersionCompare} "$0" "${VERSION}" $1
    ${If} $1 == 1
      Call RefuseDowngrade
    ${EndIf}
  ${EndIf}
FunctionEnd

!macro RefuseWhileRunning PREFIX
Function ${PREFIX}RefuseWhileRunning
  Push $0
  !insertmacro RefuseIfOpen "${PREFIX}" "$INSTDIR\Dala.exe"
  !insertmacro RefuseIfOpen "${PREFIX}" "$INSTDIR\Dala-console.exe"
  Pop $0
FunctionEnd
!macroend

; Windows keeps the file of a running program from being written.
!macro RefuseIfOpen PREFIX FILE
  ${If} ${FileExists} "${FILE}"
    ClearErrors
    FileOpen $0 "${FILE}" a
    ${If} ${Errors}
      Push "$(IsRunning)"
      Push 12
      Call ${PREFIX}Refuse
    ${EndIf}
    FileClose $0
  ${EndIf}
!macroend
!insertmacro RefuseWhileRunning ""

Function RefuseForeignFolder
  ReadRegStr $0 HKLM "${KEY}" "InstallLocation"
  ${If} $0 != $INSTDIR
  ${AndIfNot} ${FileExists} "$INSTDIR\Dala.exe"
    ${DirState} "$INSTDIR" $1
    ${If} $1 == 1
      ${Refuse} 14 "$(FolderIsTaken)"
    ${EndIf}
  ${EndIf}
FunctionEnd

; Beside the backup that the program makes when it first opens the data after an update: the files as the former
; version left them, so that it can be installed again. They are encrypted as they are. They lie where administrators
; alone write: in the folder of the data whoever works here could have a name lead elsewhere.
!define UPDATES "$PROGRAMFILES64\Dala Updates"
Function CopyDataAside
  ${IfNot} ${FileExists} "$APPDATA\Dala\clinic.db"
    Return
  ${EndIf}
  RMDir /r "${UPDATES}\before.part"
  CreateDirectory "${UPDATES}\before.part"
  nsExec::Exec '"$SYSDIR\icacls.exe" "${UPDATES}\before.part" /inheritance:r /grant "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F"'
  Pop $0
  ClearErrors
  FindFirst $0 $1 "$APPDATA\Dala\*.*"
  ${DoWhile} $1 != ""
    ${IfNot} ${FileExists} "$APPDATA\Dala\$1\*.*"
      CopyFiles /SILENT "$APPDATA\Dala\$1" "${UPDATES}\before.part\$1"
      ${If} ${Errors}
        FindClose $0
        RMDir /r "${UPDATES}\before.part" ; half a copy would only fill the disk
        RMDir "${UPDATES}"
        ${Refuse} 15 "$(DataNotCopied)"
      ${EndIf}
    ${EndIf}
    FindNext $0 $1
  ${Loop}
  FindClose $0
  RMDir /r "${UPDATES}\before"
  Rename "${UPDATES}\before.part" "${UPDATES}\before"
FunctionEnd

; Everybody who works at this computer opens the same data; what they are allowed to see the program decides. The
; well-known numbers mean SYSTEM, the administrators and the users, whatever the language of Windows.
Function MakeDataFolder
  ${IfNot} ${FileExists} "$APPDATA\Dala\*.*"
    CreateDirectory "$APPDATA\Dala"
    nsExec::Exec '"$SYSDIR\icacls.exe" "$APPDATA\Dala" /inheritance:r /grant "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F" "*S-1-5-32-545:(OI)(CI)M"'
    Pop $0
  ${EndIf}
FunctionEnd

; What the first start finds: the options, handed to the program that was just installed, which looks at them first.
; An option ends at the next space: an address has slashes.
!macro Handed OPTION WORD
  ClearErrors
  ${GetOptions} " $0" " ${OPTION}" $1
  ${IfNot} ${Errors}
  ${AndIf} $1 != ""
    StrCpy $5 '$5 ${WORD}="$1"'
  ${EndIf}
!macroend

Function WriteFirstSettings
  ${GetParameters} $0
  StrCpy $5 ""
  !insertmacro Handed "/LANGUAGE=" "--language"
  !insertmacro Handed "/HUB=" "--hub"
  !insertmacro Handed "/ENROL=" "--enrol"
  !insertmacro Handed "/HUBCERTIFICATE=" "--hub-certificate"
  !insertmacro Handed "/PROVISION=" "--provision"
  ${If} $5 != ""
    nsExec::Exec '"$INSTDIR\Dala-console.exe" --prepare$5'
    Pop $1
    ${If} $1 != 0
      ${Refuse} 18 "$(OptionsAreWrong)"
    ${EndIf}
  ${EndIf}
FunctionEnd

; A computer that has no settings yet listens to nobody, and needs no door.
Function OpenDoors
  ${If} ${FileExists} "$APPDATA\Dala\settings.toml"
  ${OrIf} ${FileExists} "$APPDATA\DalaHub\hub.toml"
    nsExec::Exec '"$INSTDIR\Dala-console.exe" --firewall apply'
    Pop $1
  ${EndIf}
FunctionEnd

; Windows keeps the sentences of its event log open while somebody reads it: the former ones go when nobody does.
!define EVENTS "SYSTEM\CurrentControlSet\Services\EventLog\Application\Dala"
!macro PutSentencesAside
  Rename "$INSTDIR\Dala-events.dll" "$INSTDIR\Dala-events.old"
  Delete /REBOOTOK "$INSTDIR\Dala-events.old"
!macroend

; $HubWas: 0 the service ran, 3 it did not, 4 or "" there is none.
Var HubWas

Function StopHub
  ${IfNot} ${FileExists} "$INSTDIR\Dala-hub.exe"
    Return
  ${EndIf}
  nsExec::Exec '"$INSTDIR\Dala-hub.exe" --stop-service'
  Pop $HubWas
  ${If} $HubWas == "error" ; it is damaged, which this Setup mends
    nsExec::Exec '"$SYSDIR\sc.exe" query DalaHub'
    Pop $HubWas
    ${If} $HubWas == 0
      StrCpy $HubWas 3
    ${Else}
      StrCpy $HubWas 4
    ${EndIf}
  ${EndIf}
  ${If} $HubWas != 0
  ${AndIf} $HubWas != 3
  ${AndIf} $HubWas != 4
    ${Refuse} 17 "$(HubStays)"
  ${EndIf}
  !insertmacro RefuseIfOpen "" "$INSTDIR\Dala-hub.exe" ; one of its commands
FunctionEnd

Function KeepHub
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/HUBSERVICE=" $1
  ${If} ${Errors}
    StrCpy $1 ""
  ${EndIf}
  ${If} $1 == "1"
    StrCpy $HubWas 0
  ${EndIf}
  ${If} $HubWas != 0
  ${AndIf} $HubWas != 3
    Return
  ${EndIf}
  nsExec::Exec '"$INSTDIR\Dala-hub.exe" --install-service'
  Pop $1
  ${If} $1 == 0
  ${AndIf} $HubWas == 0
    nsExec::Exec '"$INSTDIR\Dala-hub.exe" --start-service'
    Pop $1
  ${EndIf}
  ${If} $1 != 0
    ${Refuse} 17 "$(HubStays)"
  ${EndIf}
FunctionEnd

; What installs new versions by itself: its task, and this very Setup, so that there is a way back to it. A folder
; where others than administrators write gets none: what lies there must not run with the rights of the system.
Var ByTask

Function LookWhoInstalls
  ${GetParameters} $0
  StrCpy $ByTask ""
  ClearErrors
  ${GetOptions} $0 "/UPDATE=" $1
  ${IfNot} ${Errors}
    StrCpy $ByTask 1
  ${EndIf}
  ClearErrors
  ${GetOptions} $0 "/ROLLBACK=" $1
  ${IfNot} ${Errors}
    StrCpy $ByTask 1
  ${EndIf}
FunctionEnd

Function KeepFormer
  ReadRegStr $0 HKLM "${KEY}" "DisplayVersion"
  ${If} $0 != ""
  ${AndIf} $0 != "${VERSION}"
    WriteRegStr HKLM "${OWN_KEY}" "Former" $0
  ${EndIf}
FunctionEnd

Function KeepUpdates
  ${IfNot} ${FileExists} "$INSTDIR\update-task.xml"
  ${OrIf} $INSTDIR != "$PROGRAMFILES64\Dala"
    Return
  ${EndIf}
  CreateDirectory "${UPDATES}"
  ${If} $ByTask == ""
    Delete "${UPDATES}\state.json"
    RMDir /r "${UPDATES}\installed"
    CreateDirectory "${UPDATES}\installed"
    CopyFiles /SILENT "$EXEPATH" "${UPDATES}\installed\Dala-${VERSION}-x64.exe"
  ${EndIf}
  nsExec::Exec '"$SYSDIR\schtasks.exe" /Create /F /TN "Dala\Install updates" /XML "$INSTDIR\update-task.xml"'
  Pop $0
FunctionEnd

; The task and IT may come at the same moment. The file is open for writing until this process has ended, and lies where
; nobody else can open it to be in the way.
Function RefuseSecondSetup
  CreateDirectory "${UPDATES}"
  ClearErrors
  FileOpen $0 "${UPDATES}\setup.lock" w
  ${If} ${Errors}
    ${Refuse} 19 "$(AnotherSetup)"
  ${EndIf}
FunctionEnd

Section "Dala"
  Call RefuseForeignFolder
  Call RefuseWhileRunning
  Call RefuseSecondSetup
  Call LookWhoInstalls
  ${If} $ByTask == "" ; the task has copied them where nobody else writes
    Call CopyDataAside
  ${EndIf}
  Call StopHub
  WriteRegStr HKLM "${KEY}" "InstallLocation" "$INSTDIR" ; first, so that an interrupted run can be repeated
  ${If} ${FileExists} "$INSTDIR\Dala.exe"
    !insertmacro PutSentencesAside
    !insertmacro RemoveProgram
  ${EndIf}
  SetOutPath "$INSTDIR"
  File /r "${APP}\*"
  Call MakeDataFolder
  WriteRegStr HKLM "${EVENTS}" "EventMessageFile" "$INSTDIR\Dala-events.dll"
  WriteRegDWORD HKLM "${EVENTS}" "TypesSupported" 7
  CreateShortcut "$SMPROGRAMS\Dala.lnk" "$INSTDIR\Dala.exe"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${OWN_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${OWN_KEY}" "Version" "${VERSION}"
  Call KeepFormer
  WriteRegStr HKLM "${KEY}" "DisplayName" "Dala"
  WriteRegStr HKLM "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${KEY}" "DisplayIcon" "$INSTDIR\Dala.exe"
  WriteRegStr HKLM "${KEY}" "Publisher" "Dala"
  WriteRegStr HKLM "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKLM "${KEY}" "NoModify" 1
  WriteRegDWORD HKLM "${KEY}" "NoRepair" 1
  WriteRegDWORD HKLM "${KEY}" "EstimatedSize" ${SIZE_KB}
  Call KeepUpdates
  Call KeepHub
  Call WriteFirstSettings
  Call OpenDoors
SectionEnd

; --- removal: the data stay, unless both /PURGE=1 and /CONFIRM=DELETE-PATIENT-DATA are given

Function un.Refuse
  Exch $0
  Exch
  Exch $1
  FileOpen $2 "$TEMP\Dala-setup.log" w
  ${If} $2 != ""
    FileWriteUTF16LE /BOM $2 "$0 $1$\r$\n"
    FileClose $2
  ${EndIf}
  MessageBox MB_OK|MB_ICONSTOP "$1" /SD IDOK
  SetErrorLevel $0
  Quit
FunctionEnd
!insertmacro RefuseWhileRunning "un."

; Removes a file or a folder with all that is in it; of a link to elsewhere the link. NSIS's own RMDir /r goes through
; links, and whoever works here can lay them among the data.
Function un.RemoveWhole
  Exch $0 ; what
  Push $1
  Push $2
  Push $3
  System::Call 'kernel32::GetFileAttributes(t r0) i.r3'
  ${If} $3 == -1
    Goto done
  ${EndIf}
  IntOp $1 $3 & 0x410 ; a folder, or a link
  ${If} $1 = 0x10
    FindFirst $1 $2 "$0\*.*"
    ${DoWhile} $2 != ""
      ${If} $2 != "."
      ${AndIf} $2 != ".."
        Push "$0\$2"
        Call un.RemoveWhole
      ${EndIf}
      FindNext $1 $2
    ${Loop}
    FindClose $1
  ${EndIf}
  IntOp $1 $3 & 0x10
  ${If} $1 = 0
    Delete "$0"
  ${Else}
    RMDir "$0"
  ${EndIf}
  done:
  Pop $3
  Pop $2
  Pop $1
  Pop $0
FunctionEnd

; The data as the former version left them outlive the program, beside the data.
Function un.KeepBefore
  ClearErrors
  ${If} ${FileExists} "${UPDATES}\before\*.*"
    Push "$APPDATA\Dala\before-update"
    Call un.RemoveWhole
    ClearErrors
    Rename "${UPDATES}\before" "$APPDATA\Dala\before-update"
  ${EndIf}
  ${IfNot} ${Errors}
    RMDir /r "${UPDATES}"
  ${EndIf}
FunctionEnd

Function un.onInit
  SetRegView 64
  SetShellVarContext all
FunctionEnd

Section "Uninstall"
  Call un.RefuseWhileRunning
  nsExec::Exec '"$INSTDIR\Dala-hub.exe" --remove-service'
  Pop $0
  nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall delete rule name=all program="$INSTDIR\Dala.exe"'
  Pop $0
  nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall delete rule name=all program="$INSTDIR\Dala-hub.exe"'
  Pop $0
  DeleteRegKey HKLM "${EVENTS}"
  !insertmacro PutSentencesAside
  !insertmacro RemoveProgram
  nsExec::Exec '"$SYSDIR\schtasks.exe" /Delete /F /TN "Dala\Install updates"'
  Pop $0
  Call un.KeepBefore
  Delete "$INSTDIR\uninstall.exe"
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\Dala.lnk"
  Delete "$TEMP\Dala-setup.log"
  DeleteRegKey HKLM "${KEY}"
  DeleteRegKey HKLM "${OWN_KEY}"
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/PURGE=" $1
  ${GetOptions} $0 "/CONFIRM=" $2
  ${IfNot} ${Errors}
  ${AndIf} $1 == "1"
  ${AndIf} $2 == "DELETE-PATIENT-DATA"
    Push "$APPDATA\Dala"
    Call un.RemoveWhole
    Push "$APPDATA\DalaHub"
    Call un.RemoveWhole
  ${EndIf}
SectionEnd
