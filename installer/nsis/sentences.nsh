; What Setup says of its own, in the three languages.

!macro Sentence NAME KAZAKH RUSSIAN ENGLISH
  LangString ${NAME} ${LANG_KAZAKH} "${KAZAKH}"
  LangString ${NAME} ${LANG_RUSSIAN} "${RUSSIAN}"
  LangString ${NAME} ${LANG_ENGLISH} "${ENGLISH}"
!macroend
!define Sentence "!insertmacro Sentence"

${Sentence} OnlySixtyFour \
  "Dala 64 биттік Windows жүйесінде ғана жұмыс істейді." \
  "Dala работает только в 64-разрядной Windows." \
  "Dala works on 64-bit Windows only."
${Sentence} WindowsTooOld \
  "Windows 10 (1809) немесе одан жаңа нұсқа керек. Алдымен Windows жүйесін жаңартыңыз." \
  "Нужна Windows 10 версии 1809 или новее. Сначала обновите Windows." \
  "Windows 10 version 1809 or newer is needed. Update Windows first."
${Sentence} IsRunning \
  "Dala іске қосулы тұр. Бағдарламаны жауып, қайталап көріңіз. Ештеңе өзгертілген жоқ." \
  "Dala запущена. Закройте программу и повторите. Ничего не изменено." \
  "Dala is running. Close the program and try again. Nothing was changed."
${Sentence} NewerIsThere \
  "Бұл компьютерде Dala бағдарламасының жаңарақ нұсқасы орнатылған. Ештеңе өзгертілген жоқ." \
  "На этом компьютере установлена более новая версия Dala. Ничего не изменено." \
  "A newer version of Dala is installed on this computer. Nothing was changed."
${Sentence} FolderIsTaken \
  "Бұл қалтада басқа файлдар бар. Dala үшін бос қалтаны таңдаңыз." \
  "В этой папке лежат другие файлы. Выберите для Dala пустую папку." \
  "There are other files in this folder. Choose an empty folder for Dala."
${Sentence} DataNotCopied \
  "Жаңарту алдында деректердің көшірмесін жасау мүмкін болмады. Дискідегі бос орынды тексеріңіз. Ештеңе өзгертілген жоқ." \
  "Не удалось скопировать данные перед обновлением. Проверьте свободное место на диске. Ничего не изменено." \
  "The data could not be copied before the update. Check the free space on the disk. Nothing was changed."
${Sentence} ByPackage \
  "Dala мұнда MSI пакетімен орнатылған. Оны сол арқылы жаңартыңыз немесе алдымен жойыңыз. Ештеңе өзгертілген жоқ." \
  "Dala установлена здесь пакетом MSI. Обновите её им или сначала удалите. Ничего не изменено." \
  "Dala was installed here by its MSI package. Update it by that, or remove it first. Nothing was changed."
${Sentence} HubStays \
  "Хаб қызметін тоқтату, тіркеу немесе іске қосу мүмкін болмады. DalaHub қалтасындағы журналды қараңыз." \
  "Не удалось остановить, зарегистрировать или запустить службу хаба. Смотрите журнал в папке DalaHub." \
  "The service of the hub could not be stopped, registered or started. See the log in the folder DalaHub."
${Sentence} OptionsAreWrong \
  "Dala орнатылды, бірақ /LANGUAGE, /HUB, /ENROL, /HUBCERTIFICATE немесе /PROVISION параметрі дұрыс емес. Ештеңе жазылмады." \
  "Dala установлена, но параметр /LANGUAGE, /HUB, /ENROL, /HUBCERTIFICATE или /PROVISION неверен. Он не записан." \
  "Dala is installed, but /LANGUAGE, /HUB, /ENROL, /HUBCERTIFICATE or /PROVISION is not right. Nothing of them was kept."
${Sentence} AnotherSetup \
  "Dala бағдарламасын қазір басқа орнату бағдарламасы орнатып жатыр. Оның аяқталуын күтіңіз. Ештеңе өзгертілген жоқ." \
  "Сейчас Dala устанавливает другой экземпляр программы установки. Дождитесь его окончания. Ничего не изменено." \
  "Another Setup of Dala is at work. Wait for its end. Nothing was changed."
