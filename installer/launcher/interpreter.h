/* The Python that lies beside a program of ours, and nothing from anywhere else.

   LONGEST     letters of a path, the end among them
   DAMAGED     the exit code where the installation is not whole */

#ifndef DALA_INTERPRETER_H
#define DALA_INTERPRETER_H

#include <windows.h>
#include <shlobj.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define LONGEST 32768
#define DAMAGED 101
#define OUR_OPTIONS 6 /* -I, -B, -X utf8, -m MODULE come before what we were given */

typedef int (*python_main)(int, wchar_t **);

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

/* Loads Python's library from the own folder; returns NULL where it is not whole. */
static HMODULE load_python(void)
{
    static wchar_t folder[LONGEST];
    static wchar_t library[LONGEST];
    SetDllDirectoryW(L""); /* nothing is loaded from the current folder */
    if (!own_folder(folder))
        return NULL;
    _snwprintf(library, LONGEST - 1, L"%ls\\%ls", folder, PYTHON_LIBRARY);
    return LoadLibraryExW(library, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
}

/* Names a folder below ProgramData by a variable of the environment, unless the variable names one already. */
static void name_folder(const wchar_t *variable, const wchar_t *name)
{
    static wchar_t common[LONGEST];
    static wchar_t chosen[LONGEST];
    if (GetEnvironmentVariableW(variable, chosen, LONGEST) != 0)
        return;
    if (FAILED(SHGetFolderPathW(NULL, CSIDL_COMMON_APPDATA, NULL, SHGFP_TYPE_CURRENT, common)))
        return;
    _snwprintf(chosen, LONGEST - 1, L"%ls\\%ls", common, name);
    chosen[LONGEST - 1] = L'\0';
    SetEnvironmentVariableW(variable, chosen);
}

/* Runs a module, or what the words themselves name where it is NULL; returns the exit code, DAMAGED where it cannot. */
static int run_python(HMODULE python, const wchar_t *module, int count, wchar_t **words)
{
    python_main run = python == NULL ? NULL : (python_main)(void *)GetProcAddress(python, "Py_Main");
    wchar_t **all = calloc((size_t)count + OUR_OPTIONS + 2, sizeof(*all));
    int size = 0, each;
    if (run == NULL || all == NULL)
        return DAMAGED;
    all[size++] = words[0];
    all[size++] = L"-I";
    all[size++] = L"-B";
    all[size++] = L"-X";
    all[size++] = L"utf8";
    if (module != NULL) {
        all[size++] = L"-m";
        all[size++] = (wchar_t *)module;
    }
    for (each = 1; each < count; each++)
        all[size++] = words[each];
    return run(size, all);
}

#endif
