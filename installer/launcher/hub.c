/* The hub of a hospital on Windows: a service, and the commands that go with it. Module `clinic_app.hub.installed`.

   Dala-hub.exe --install-service   registers the service, or registers it anew, and makes its folder
   Dala-hub.exe --remove-service    stops it and takes it away; its folder stays
   Dala-hub.exe --start-service     starts it and waits until it answers
   Dala-hub.exe --stop-service      stops it and waits; exit code 3 where it was not running, 4 where there is none
   Dala-hub.exe --service           is what Windows runs; not for people
   Dala-hub.exe enrol-code ...      any other words: a command of the hub, with its folders

   The service runs under an account of its own, NT SERVICE\DalaHub, which owns nothing but its folder. The hub says
   by an event that it listens; until then Windows is told that it starts. To stop, Python is told what it would be
   told by a signal, again each second until it has ended: a hub that is still opening its records hears it later. */

#include "interpreter.h"
#include <sddl.h>

#define SERVICE_NAME L"DalaHub"
#define ACCOUNT L"NT SERVICE\\" SERVICE_NAME
#define MODULE L"clinic_app.hub.installed"
#define FOLDER_VARIABLE L"DALA_HUB"
#define READY_VARIABLE L"DALA_HUB_READY"
#define TERMINATE 15 /* SIGTERM */
#define TICK_MS 1000
#define HINT_MS 30000 /* a start or an end that says nothing for so long hangs */
#define LONGEST_WAIT_MS 120000
#define WAS_NOT_RUNNING 3
#define NOT_THERE 4

/* SYSTEM and administrators everything, the service's own account what it needs to write, nobody else anything. The
   long number is the account's, made by Windows from the service's name. */
#define RIGHTS L"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;" \
    L"S-1-5-80-2128494423-1365323304-2355080233-3957275260-835575306)"

typedef void (*python_interrupt)(int);
typedef int (*python_is_there)(void);

static SERVICE_STATUS_HANDLE service;
static HANDLE ready, stopping, ended;
static HMODULE python;
static DWORD checkpoint;

static void report(DWORD state, DWORD code)
{
    SERVICE_STATUS status = {0};
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN : 0;
    status.dwWin32ExitCode = code == 0 ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR;
    status.dwServiceSpecificExitCode = code;
    if (state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING) {
        status.dwCheckPoint = ++checkpoint;
        status.dwWaitHint = HINT_MS;
    }
    SetServiceStatus(service, &status);
}

static DWORD WINAPI control(DWORD wish, DWORD kind, void *event, void *context)
{
    (void)kind, (void)event, (void)context;
    if (wish == SERVICE_CONTROL_STOP || wish == SERVICE_CONTROL_PRESHUTDOWN) {
        report(SERVICE_STOP_PENDING, 0);
        SetEvent(stopping);
        return NO_ERROR;
    }
    return wish == SERVICE_CONTROL_INTERROGATE ? NO_ERROR : ERROR_CALL_NOT_IMPLEMENTED;
}

/* Tells Windows how it stands, and Python when it is to stop, until the hub has ended. */
static DWORD WINAPI stand_by(void *nothing)
{
    python_interrupt interrupt = (python_interrupt)(void *)GetProcAddress(python, "PyErr_SetInterruptEx");
    python_is_there is_there = (python_is_there)(void *)GetProcAddress(python, "Py_IsInitialized");
    HANDLE first[] = {ended, stopping, ready}, then[] = {ended, stopping};
    DWORD what;
    (void)nothing;
    do {
        report(SERVICE_START_PENDING, 0);
        what = WaitForMultipleObjects(3, first, FALSE, TICK_MS);
    } while (what == WAIT_TIMEOUT);
    if (what == WAIT_OBJECT_0 + 2) {
        report(SERVICE_RUNNING, 0);
        what = WaitForMultipleObjects(2, then, FALSE, INFINITE);
    }
    while (what != WAIT_OBJECT_0) {
        if (interrupt != NULL && is_there != NULL && is_there())
            interrupt(TERMINATE);
        report(SERVICE_STOP_PENDING, 0);
        what = WaitForSingleObject(ended, TICK_MS);
    }
    return 0;
}

static void WINAPI serve(DWORD count, wchar_t **given)
{
    static wchar_t number[32];
    static wchar_t name[] = SERVICE_NAME;
    wchar_t *words[] = {name, NULL};
    SECURITY_ATTRIBUTES plain = {sizeof(plain), NULL, FALSE};
    HANDLE watch;
    int code;
    (void)count, (void)given;
    service = RegisterServiceCtrlHandlerExW(SERVICE_NAME, control, NULL);
    if (service == NULL)
        return;
    report(SERVICE_START_PENDING, 0);
    ready = CreateEventW(&plain, TRUE, FALSE, NULL);
    stopping = CreateEventW(&plain, TRUE, FALSE, NULL);
    ended = CreateEventW(&plain, TRUE, FALSE, NULL);
    python = load_python();
    if (python == NULL || ready == NULL || stopping == NULL || ended == NULL) {
        report(SERVICE_STOPPED, DAMAGED);
        return;
    }
    _snwprintf(number, 31, L"%llu", (unsigned long long)(ULONG_PTR)ready);
    SetEnvironmentVariableW(READY_VARIABLE, number);
    name_folder(FOLDER_VARIABLE, SERVICE_NAME);
    watch = CreateThread(NULL, 0, stand_by, NULL, 0, NULL);
    code = run_python(python, MODULE, 1, words);
    SetEvent(ended);
    if (watch != NULL)
        WaitForSingleObject(watch, 2 * TICK_MS);
    if (code == 0 && WaitForSingleObject(stopping, 0) == WAIT_TIMEOUT)
        code = 1; /* nobody asked it to end: Windows starts it again */
    report(SERVICE_STOPPED, (DWORD)code);
}

static int complain(const wchar_t *words)
{
    wchar_t *reason = NULL;
    DWORD code = GetLastError();
    FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                   code, 0, (wchar_t *)&reason, 0, NULL);
    fwprintf(stderr, L"%ls (%lu) %ls\n", words, (unsigned long)code, reason == NULL ? L"" : reason);
    return 1;
}

/* Whether what is there belongs to administrators, to the system, or to the administrator who runs this. */
static int is_trusted(PSID owner)
{
    static union { TOKEN_USER user; char room[SECURITY_MAX_SID_SIZE + sizeof(TOKEN_USER)]; } own;
    DWORD size;
    HANDLE token;
    int is_own = 0;
    if (IsWellKnownSid(owner, WinBuiltinAdministratorsSid) || IsWellKnownSid(owner, WinLocalSystemSid))
        return 1;
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        is_own = GetTokenInformation(token, TokenUser, &own, sizeof(own), &size) && EqualSid(owner, own.user.User.Sid);
        CloseHandle(token);
    }
    return is_own;
}

/* Everybody may make a folder below ProgramData: one that somebody else has laid there, with settings of his own in it,
   or one that leads elsewhere, is not taken over. */
static int is_ours(const wchar_t *folder)
{
    static union { SECURITY_DESCRIPTOR head; char room[1024]; } found;
    DWORD size, kind = GetFileAttributesW(folder);
    PSID owner = NULL;
    BOOL is_default;
    int is_so = kind != INVALID_FILE_ATTRIBUTES && (kind & FILE_ATTRIBUTE_DIRECTORY) &&
                  !(kind & FILE_ATTRIBUTE_REPARSE_POINT) &&
                  GetFileSecurityW(folder, OWNER_SECURITY_INFORMATION, &found.head, sizeof(found), &size) &&
                  GetSecurityDescriptorOwner(&found.head, &owner, &is_default) && owner != NULL && is_trusted(owner);
    if (!is_so)
        SetLastError(ERROR_INVALID_OWNER);
    return is_so;
}

/* Makes the folder, or gives the one that is there its rights; before there is a service it must be ours. */
static int make_folder(int is_first)
{
    static wchar_t folder[LONGEST];
    SECURITY_ATTRIBUTES rights = {sizeof(rights), NULL, FALSE};
    int is_made;
    if (GetEnvironmentVariableW(FOLDER_VARIABLE, folder, LONGEST) == 0)
        return 0;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(RIGHTS, SDDL_REVISION_1, &rights.lpSecurityDescriptor,
                                                              NULL))
        return 0;
    is_made = CreateDirectoryW(folder, &rights) ||
              (GetLastError() == ERROR_ALREADY_EXISTS && (!is_first || is_ours(folder)) &&
               SetFileSecurityW(folder, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                rights.lpSecurityDescriptor));
    LocalFree(rights.lpSecurityDescriptor);
    return is_made;
}

/* What Windows does of itself: comes again after a fall, waits at the end of the day, grants nothing that is not needed.
   A Windows that lacks one of these still runs the service. */
static void describe(SC_HANDLE entry)
{
    static wchar_t words[] = L"Keeps and passes on what the workstations of this hospital write.";
    static wchar_t privileges[] = L"SeChangeNotifyPrivilege\0";
    SC_ACTION actions[] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_DESCRIPTIONW description = {words};
    SERVICE_FAILURE_ACTIONSW failure = {86400, NULL, NULL, 3, actions};
    SERVICE_FAILURE_ACTIONS_FLAG also_by_code = {TRUE};
    SERVICE_SID_INFO sid = {SERVICE_SID_TYPE_UNRESTRICTED};
    SERVICE_REQUIRED_PRIVILEGES_INFOW needed = {privileges};
    SERVICE_PRESHUTDOWN_INFO patience = {60000};
    ChangeServiceConfig2W(entry, SERVICE_CONFIG_DESCRIPTION, &description);
    ChangeServiceConfig2W(entry, SERVICE_CONFIG_FAILURE_ACTIONS, &failure);
    ChangeServiceConfig2W(entry, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &also_by_code);
    ChangeServiceConfig2W(entry, SERVICE_CONFIG_SERVICE_SID_INFO, &sid);
    ChangeServiceConfig2W(entry, SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &needed);
    ChangeServiceConfig2W(entry, SERVICE_CONFIG_PRESHUTDOWN_INFO, &patience);
}

static int install(SC_HANDLE services)
{
    static wchar_t folder[LONGEST];
    static wchar_t line[LONGEST];
    SC_HANDLE entry;
    if (!own_folder(folder))
        return complain(L"Windows does not tell where Dala is installed.");
    _snwprintf(line, LONGEST - 1, L"\"%ls\\Dala-hub.exe\" --service", folder);
    entry = OpenServiceW(services, SERVICE_NAME, SERVICE_ALL_ACCESS);
    if (!make_folder(entry == NULL))
        return complain(L"The folder of the hub could not be made, or an administrator has not made the one there is.");
    if (entry == NULL)
        entry = CreateServiceW(services, SERVICE_NAME, L"Dala hub", SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                               SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line, NULL, NULL, NULL, ACCOUNT, NULL);
    else if (!ChangeServiceConfigW(entry, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, line,
                                   NULL, NULL, NULL, ACCOUNT, NULL, L"Dala hub"))
        return complain(L"The service could not be registered anew.");
    if (entry == NULL)
        return complain(L"The service could not be registered.");
    describe(entry);
    CloseServiceHandle(entry);
    wprintf(L"The service " SERVICE_NAME L" is registered.\n");
    return 0;
}

static DWORD state_of(SC_HANDLE entry)
{
    SERVICE_STATUS status = {0};
    return QueryServiceStatus(entry, &status) ? status.dwCurrentState : 0;
}

/* Waits until the service is in a state, or at rest; returns whether it is in that state. */
static int waited_for(SC_HANDLE entry, DWORD wanted)
{
    DWORD waited, state = state_of(entry);
    for (waited = 0; state != wanted && waited < LONGEST_WAIT_MS; waited += 200) {
        if (wanted == SERVICE_RUNNING && state == SERVICE_STOPPED && waited > TICK_MS)
            break;
        Sleep(200);
        state = state_of(entry);
    }
    return state == wanted;
}

static int stop(SC_HANDLE entry)
{
    SERVICE_STATUS status;
    if (state_of(entry) == SERVICE_START_PENDING)
        waited_for(entry, SERVICE_RUNNING);
    if (state_of(entry) == SERVICE_STOPPED)
        return WAS_NOT_RUNNING;
    if (!ControlService(entry, SERVICE_CONTROL_STOP, &status) && GetLastError() != ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
        return complain(L"The service did not take the order to stop.");
    return waited_for(entry, SERVICE_STOPPED) ? 0 : complain(L"The service has not stopped.");
}

static int begin(SC_HANDLE entry)
{
    if (!StartServiceW(entry, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
        return complain(L"The service could not be started.");
    return waited_for(entry, SERVICE_RUNNING)
               ? 0
               : complain(L"The service has ended; its log in the folder of the hub says why.");
}

static int remove_service(SC_HANDLE entry)
{
    int code = stop(entry);
    if (code != 0 && code != WAS_NOT_RUNNING)
        return code;
    return DeleteService(entry) ? 0 : complain(L"The service could not be removed.");
}

static int look_after(const wchar_t *word)
{
    int is_install = wcscmp(word, L"--install-service") == 0, code;
    SC_HANDLE services = OpenSCManagerW(NULL, NULL, is_install ? SC_MANAGER_ALL_ACCESS : SC_MANAGER_CONNECT);
    SC_HANDLE entry;
    if (services == NULL)
        return complain(L"Only an administrator looks after services.");
    if (is_install) {
        code = install(services);
    } else {
        entry = OpenServiceW(services, SERVICE_NAME, SERVICE_ALL_ACCESS);
        if (entry == NULL)
            code = GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST ? NOT_THERE
                                                                  : complain(L"Only an administrator looks after it.");
        else
            code = wcscmp(word, L"--remove-service") == 0 ? remove_service(entry)
                   : wcscmp(word, L"--stop-service") == 0 ? stop(entry)
                                                          : begin(entry);
        if (entry != NULL)
            CloseServiceHandle(entry);
    }
    CloseServiceHandle(services);
    return code;
}

static int is_about_the_service(const wchar_t *word)
{
    static const wchar_t *known[] = {L"--install-service", L"--remove-service", L"--start-service", L"--stop-service"};
    size_t each;
    for (each = 0; each < sizeof(known) / sizeof(*known); each++)
        if (wcscmp(word, known[each]) == 0)
            return 1;
    return 0;
}

int wmain(int count, wchar_t **words)
{
    static wchar_t name[] = SERVICE_NAME;
    SERVICE_TABLE_ENTRYW table[] = {{name, serve}, {NULL, NULL}};
    name_folder(FOLDER_VARIABLE, SERVICE_NAME);
    if (count == 2 && wcscmp(words[1], L"--service") == 0)
        return StartServiceCtrlDispatcherW(table) ? 0 : complain(L"Only Windows starts the service.");
    if (count == 2 && is_about_the_service(words[1]))
        return look_after(words[1]);
    python = load_python();
    if (python == NULL) {
        fwprintf(stderr, L"Dala is damaged: a part of it is missing. Install it again; the data stay as they are.\n");
        return DAMAGED;
    }
    return run_python(python, MODULE, count, words);
}
