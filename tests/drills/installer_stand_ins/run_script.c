/* probe.exe SCRIPT ...: runs a script of the trial with the Python of the installation it is put into, as isolated as
   the program itself. It is taken away again before the installation is looked at. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

typedef int (*python_main)(int, wchar_t **);

int wmain(int count, wchar_t **words)
{
    HMODULE python = LoadLibraryW(PYTHON_LIBRARY);
    python_main run = python == NULL ? NULL : (python_main)(void *)GetProcAddress(python, "Py_Main");
    wchar_t **all = calloc((size_t)count + 5, sizeof(*all));
    int each;
    if (run == NULL || all == NULL)
        return 101;
    all[0] = words[0];
    all[1] = L"-I";
    all[2] = L"-B";
    all[3] = L"-X";
    all[4] = L"utf8";
    for (each = 1; each < count; each++)
        all[each + 4] = words[each];
    return run(count + 4, all);
}
