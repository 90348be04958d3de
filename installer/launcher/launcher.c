/* Starts the program with the Python that lies beside it, and nothing from anywhere else.

   Dala.exe                 the windows: module `main`
   Dala-console.exe ...     the same for commands, with a console
   Dala.exe -m clinic_app.X another module of the program: its decoding processes and the hub are started so

   The data of all people on this computer lie in one folder under ProgramData; the variable DALA_DATA, which
   names another one, is left as it is. */

#include "interpreter.h"

static int refuse(const wchar_t *words)
{
#ifdef CONSOLE
    fwprintf(stderr, L"%ls\n", words);
#else
    MessageBoxW(NULL, words, L"Dala", MB_OK | MB_ICONERROR);
#endif
    return DAMAGED;
}

static int is_own_module(int count, wchar_t **words)
{
    return count > 2 && wcscmp(words[1], L"-m") == 0 && wcsncmp(words[2], L"clinic_app.", 11) == 0;
}

static int start(int count, wchar_t **words)
{
    HMODULE python = load_python();
    if (python == NULL)
        return refuse(L"Dala is damaged: a part of it is missing. Install it again; the data stay as they are.");
    name_folder(L"DALA_DATA", L"Dala");
    return run_python(python, is_own_module(count, words) ? NULL : L"main", count, words);
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
