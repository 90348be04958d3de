/* Starts the program with the Python that lies beside it, and nothing from anywhere else.

   Dala.exe                 the windows: module `main`
   Dala-console.exe ...     the same for commands, with a console
   Dala.exe -m clinic_app.X another module of the program: its decoding processes and the hub are started so

   The data of all people on this computer lie in one folder under ProgramData; the variable DALA_DATA, which
   names another one, is left as it is. */

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define LONGEST 32768
#define DAMAGED 101
#define OUR_OPTIONS 6 /* name, -I, -B, -X utf8, -m main come before what we were given; and the end */

typedef int (*python_main)(int, wchar_t **);

static int refuse(const wchar_t *words)
{
#ifdef CONSOLE
    fwprintf(stderr, L"%ls\n", words);
#else
    MessageBoxW(NULL, words, L"Dala", MB_OK | MB_ICONERROR);
#endif
    return DAMAGED;
}

/* Writes the folder of this program; returns 0 where Windows does not tell. */
static int own_folder(wchar_t *folder)
{
    DWORD length = GetModuleFileNameW(NULL, folder, LONGEST);
    wchar_t *last;
    if (length == 0 || length >= LONGEST)
        return 0;
    last = wcsrchr(folder, L'\\');
    if (last == NULL)
        return 0;
    *last = L'\0';
    return 1;
}

static void name_data_folder(void)
{
    wchar_t common[LONGEST];
    wchar_t data[LONGEST];
    DWORD length;
    if (GetEnvironmentVariableW(L"DALA_DATA", data, LONGEST) != 0)
        return;
    length = GetEnvironmentVariableW(L"ProgramData", common, LONGEST);
    if (length == 0 || length >= LONGEST - 8)
        return;
    _snwprintf(data, LONGEST - 1, L"%ls\\Dala", common);
    data[LONGEST - 1] = L'\0';
    SetEnvironmentVariableW(L"DALA_DATA", data);
}

static int is_own_module(int count, wchar_t **words)
{
    return count > 2 && wcscmp(words[1], L"-m") == 0 && wcsncmp(words[2], L"clinic_app.", 11) == 0;
}

static int start(int count, wchar_t **words)
{
    static wchar_t folder[LONGEST];
    static wchar_t library[LONGEST];
    wchar_t **all;
    HMODULE python;
    python_main run;
    int size = 0, each;

    SetDllDirectoryW(L""); /* nothing is loaded from the current folder */
    if (!own_folder(folder))
        return refuse(L"Windows does not tell where Dala is installed.");
    _snwprintf(library, LONGEST - 1, L"%ls\\%ls", folder, PYTHON_LIBRARY);
    python = LoadLibraryExW(library, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    run = python == NULL ? NULL : (python_main)(void *)GetProcAddress(python, "Py_Main");
    if (run == NULL)
        return refuse(L"Dala is damaged: a part of it is missing. Install it again; the data stay as they are.");
    name_data_folder();
    all = calloc((size_t)count + OUR_OPTIONS + 2, sizeof(*all));
    if (all == NULL)
        return refuse(L"There is not enough memory to start Dala.");
    all[size++] = words[0];
    all[size++] = L"-I";
    all[size++] = L"-B";
    all[size++] = L"-X";
    all[size++] = L"utf8";
    if (!is_own_module(count, words)) {
        all[size++] = L"-m";
        all[size++] = L"main";
    }
    for (each = 1; each < count; each++)
        all[size++] = words[each];
    return run(size, all);
}

#ifdef CONSOLE
int wmain(int count, wchar_t **words)
{
    return start(count, words);
}
#else
int WINAPI wWinMain(HINSTANCE instance, HINSTANCE former, LPWSTR line, int show)
{
    int count = 0;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
    (void)instance, (void)former, (void)line, (void)show;
    return words == NULL ? refuse(L"Windows does not tell how Dala was started.") : start(count, words);
}
#endif
