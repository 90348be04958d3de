/* The one function of cfgmgr32.dll that pyserial looks for when it is imported and wine 8 lacks. */
#include <windows.h>

__declspec(dllexport) DWORD WINAPI CM_MapCrToWin32Err(DWORD code, DWORD otherwise)
{
    return code == 0 ? ERROR_SUCCESS : otherwise;
}
