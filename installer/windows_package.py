"""``Dala-X.Y.Z-x64.msi``: the same files for group policy and Intune, made by wixl.

Windows Installer compares components by their identity, so each file has one made from its path alone: the same in
every version. The product has another identity in every version and one code for all of them, by which an update takes
the former one away. Whoever installed with Setup stays with Setup, and is told so: two entries in Windows' list would
each remove what the other needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5
from xml.sax.saxutils import quoteattr

from installer import signing, tools
from installer.versions import Version

FAMILY: Final = UUID("0b9f3a52-6c61-4e0c-9c3a-5b1d5e0f7a11")
"""All versions of Dala; also the name space of the identities. Never changed."""
_SETUP_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\Dala"

_EVENTS_KEY: Final = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\Dala"
_UNLESS_SETUP: Final = "Installed OR NOT BYSETUP"
_WINDOWS_KEY: Final = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_NEW_ENOUGH: Final = "Installed OR (VersionNT64 &gt;= 603 AND WINDOWSBUILD &gt;= 17763)"
"""Windows Installer calls Windows 10 and 11 version 603 for ever; which of them it is only the registry tells."""
_BY_SETUP: Final = "Dala was installed here by its Setup program. Update it by that, or remove it first."
_ACTIONS: Final = (
    ("DataRights", 3170, "DATADIR", "NOT REMOVE", 5900,
     '"[System64Folder]icacls.exe" "[DATADIR]." /grant "*S-1-5-32-545:(OI)(CI)M"'),
    ("HubRests", 3170, "INSTALLDIR", 'REMOVE="ALL" AND UPGRADINGPRODUCTCODE', 1910,
     '"[INSTALLDIR]Dala-hub.exe" --stop-service'),
    ("HubGoes", 3170, "INSTALLDIR", 'REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE', 1911,
     '"[INSTALLDIR]Dala-hub.exe" --remove-service'),
    ("DoorsShut", 3170, "INSTALLDIR", 'REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE', 1912,
     '"[System64Folder]netsh.exe" advfirewall firewall delete rule name=all program="[INSTALLDIR]Dala.exe"'),
    ("HubDoorShut", 3170, "INSTALLDIR", 'REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE', 1913,
     '"[System64Folder]netsh.exe" advfirewall firewall delete rule name=all program="[INSTALLDIR]Dala-hub.exe"'),
    ("HubIsService", 3106, "INSTALLDIR", 'HUBSERVICE="1" AND NOT REMOVE', 5901,
     '"[INSTALLDIR]Dala-hub.exe" --install-service'),
    ("HubStarts", 3170, "INSTALLDIR", "NOT REMOVE", 5902, '"[INSTALLDIR]Dala-hub.exe" --start-service'),
    ("FirstStart", 11298, "INSTALLDIR", "NOT REMOVE AND (LANGUAGE OR HUB OR ENROL OR PROVISION)", 5903,
     ('"[INSTALLDIR]Dala-console.exe" --prepare --language="[LANGUAGE]" --hub="[HUB]" --enrol="[ENROL]"'
     ' --hub-certificate="[HUBCERTIFICATE]" --provision="[PROVISION]"')),
    ("DoorsOpen", 3170, "INSTALLDIR", "NOT REMOVE", 5904, '"[INSTALLDIR]Dala-console.exe" --firewall apply'),
)  # fmt: skip
"""What wixl has no words for is added to its tables: a program in a folder (34), whatever its answer (64), when the
files are there (1024), with the system's rights (2048), its words in no log (8192). By name: kind, folder, when, place
in the sequence, command. Everybody who works at this computer writes the data; the number means Windows' users in any
language."""
_INTO_ACTIONS: Final = "INSERT INTO `CustomAction` (`Action`, `Type`, `Source`, `Target`) VALUES"
_INTO_SEQUENCE: Final = "INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) VALUES"
OPTIONS: Final = ("LANGUAGE", "HUB", "ENROL", "HUBCERTIFICATE", "PROVISION", "HUBSERVICE")
"""Properties of the package: ``msiexec /i … HUB=https://hub.example ENROL=ABCD-EFGH``."""


def queries() -> Iterator[str]:
    """Yield what is added to the tables, one line each."""
    for name, kind, folder, when, place, command in _ACTIONS:
        yield f"{_INTO_ACTIONS} ('{name}', {kind}, '{folder}', '{command}')"
        yield f"{_INTO_SEQUENCE} ('{name}', '{when}', {place})"


def identity_of(kind: str, words: str) -> str:
    """Return the identity of a component (its path) or of a product (its version)."""
    return str(uuid5(FAMILY, f"{kind} {words}"))


def build(app: Path, version: Version, out: Path, work: Path) -> Path:
    """Make the package; return its file.

    Args:
        app: the folder that it installs.
        version: its version.
        out: folder for it.
        work: folder for what is made on the way, the icon among it.

    Raises:
        tools.MissingToolError: wixl is missing or refused the description.
        signing.SignatureError: somebody signs, and cannot.
    """
    target = out / f"Dala-{version}-x64.msi"
    description = work / "dala.wxs"
    description.write_text(description_of(app, version, work / "dala.ico"), encoding="utf-8")
    tools.run("wixl", "--arch", "x64", "--output", target, description, folder=app.parent)
    for query in queries():
        tools.run("msibuild", target, "-q", query)
    signing.sign_all([target], signing.Signer.from_environment())
    return target


def description_of(app: Path, version: Version, icon: Path) -> str:
    """Return what wixl makes the package from; its sources are named as seen from the parent of ``app``."""
    components: list[str] = []
    tree = "\n".join(_entries(app, app, components))
    references = "".join(f'<ComponentRef Id="{each}"/>' for each in [*components, "Menu", "Data", "Events"])
    return f"""<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
 <Product Id="{identity_of("product", str(version))}" Name="Dala" Language="1033" Version="{version}"
   Manufacturer="Dala" UpgradeCode="{FAMILY}">
  <Package InstallerVersion="500" Compressed="yes" InstallScope="perMachine" Description="Dala {version}"/>
  <MajorUpgrade DowngradeErrorMessage="A newer version of Dala is installed on this computer. Nothing was changed."/>
  <Property Id="BYSETUP">
   <RegistrySearch Id="BySetup" Root="HKLM" Key="{_SETUP_KEY}" Name="DisplayVersion" Type="raw" Win64="yes"/>
  </Property>
  <Property Id="WINDOWSBUILD">
   <RegistrySearch Id="WindowsBuild" Root="HKLM" Key="{_WINDOWS_KEY}" Name="CurrentBuildNumber" Type="raw" Win64="yes"/>
  </Property>
  <Condition Message="{_BY_SETUP}">{_UNLESS_SETUP}</Condition>
  <Condition Message="Windows 10 version 1809 or newer, 64-bit, is needed.">{_NEW_ENOUGH}</Condition>
  <Media Id="1" Cabinet="dala.cab" EmbedCab="yes"/>
  <Icon Id="dala.ico" SourceFile={quoteattr(icon.relative_to(app.parent).as_posix())}/>
  <Property Id="ARPPRODUCTICON" Value="dala.ico"/>
  <Property Id="ARPNOMODIFY" Value="1"/>
  <Property Id="MsiHiddenProperties" Value="ENROL"/>
  <Directory Id="TARGETDIR" Name="SourceDir">
   <Directory Id="ProgramFiles64Folder">
    <Directory Id="INSTALLDIR" Name="Dala">
{tree}
    </Directory>
   </Directory>
   <Component Id="Events" Guid="{identity_of("component", "events")}" Win64="yes">
    <RegistryValue Root="HKLM" Key="{_EVENTS_KEY}" Name="EventMessageFile" Type="string"
      Value="[INSTALLDIR]Dala-events.dll" KeyPath="yes"/>
    <RegistryValue Root="HKLM" Key="{_EVENTS_KEY}" Name="TypesSupported" Type="integer" Value="7"/>
   </Component>
   <Directory Id="CommonAppDataFolder">
    <Directory Id="DATADIR" Name="Dala">
     <Component Id="Data" Guid="{identity_of("component", "data folder")}" Win64="yes">
      <CreateFolder/>
      <RegistryValue Root="HKLM" Key="Software\\Dala" Name="DataFolder" Type="string" Value="[DATADIR]" KeyPath="yes"/>
     </Component>
    </Directory>
   </Directory>
   <Directory Id="ProgramMenuFolder">
    <Component Id="Menu" Guid="{identity_of("component", "menu")}" Win64="yes">
     <Shortcut Id="MenuShortcut" Name="Dala" Target="[INSTALLDIR]Dala.exe" WorkingDirectory="INSTALLDIR"/>
     <RegistryValue Root="HKLM" Key="Software\\Dala" Name="Package" Type="string" Value="{version}" KeyPath="yes"/>
    </Component>
   </Directory>
  </Directory>
  <Feature Id="Dala" Level="1">{references}</Feature>
 </Product>
</Wix>
"""


def _entries(folder: Path, app: Path, components: list[str]) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        inner = path.relative_to(app).as_posix()
        if path.is_dir():
            yield f'<Directory Id="{_name("d", inner)}" Name={quoteattr(path.name)}>'
            yield from _entries(path, app, components)
            yield "</Directory>"
        else:
            component = _name("c", inner)
            components.append(component)
            yield (
                f'<Component Id="{component}" Guid="{identity_of("component", inner)}" Win64="yes">'
                f'<File Id="{_name("f", inner)}" KeyPath="yes" Name={quoteattr(path.name)} '
                f"Source={quoteattr(path.relative_to(app.parent).as_posix())}/></Component>"
            )


def _name(kind: str, inner: str) -> str:
    """Return a name for wixl's tables: letters and digits, and the same in every version."""
    return kind + hashlib.sha256(inner.encode()).hexdigest()[:30]
