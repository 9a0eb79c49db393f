/* A reader with keys of its own: vsmartcard's virtual reader, and PC/SC part 10 on top of it.
 *
 * pcscd loads this as the driver of a reader. All goes to libifdvpcd.so but for the control codes of
 * part 10 (v2.02.09): those are answered here, from the structures as libpcsclite's reader.h
 * declares them. What is "typed" are the lines of the file keys in the folder PIN_PAD, one for each
 * command; what was asked is appended to the file asked, in hexadecimal, and never what was typed.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <ifdhandler.h>
#include <reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VPCD "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
#define VERIFY_CODE SCARD_CTL_CODE(3406)
#define MODIFY_CODE SCARD_CTL_CODE(3407)
#define PROPERTIES_CODE SCARD_CTL_CODE(3410)
#define TLV_CODE SCARD_CTL_CODE(3418)
#define TIMED_OUT 0x6400
#define CANCELLED 0x6401
#define DIFFERENT 0x6402
#define BAD_LENGTH 0x6403
#define BAD_STRUCTURE 0x6B80
#define LONGEST 300

static void *vpcd(const char *name)
{
	static void *library;
	if (!library)
		library = dlopen(VPCD, RTLD_NOW | RTLD_LOCAL);
	return library ? dlsym(library, name) : NULL;
}

#define HAND_ON(name, words, given) \
	RESPONSECODE name words \
	{ \
		RESPONSECODE (*there) words = vpcd(#name); \
		return there ? there given : IFD_COMMUNICATION_ERROR; \
	}

HAND_ON(IFDHCreateChannelByName, (DWORD lun, LPSTR name), (lun, name))
HAND_ON(IFDHCreateChannel, (DWORD lun, DWORD channel), (lun, channel))
HAND_ON(IFDHCloseChannel, (DWORD lun), (lun))
HAND_ON(IFDHGetCapabilities, (DWORD lun, DWORD tag, PDWORD size, PUCHAR value), (lun, tag, size, value))
HAND_ON(IFDHSetCapabilities, (DWORD lun, DWORD tag, DWORD size, PUCHAR value), (lun, tag, size, value))
HAND_ON(IFDHSetProtocolParameters,
	(DWORD lun, DWORD protocol, UCHAR flags, UCHAR one, UCHAR two, UCHAR three),
	(lun, protocol, flags, one, two, three))
HAND_ON(IFDHPowerICC, (DWORD lun, DWORD action, PUCHAR atr, PDWORD size), (lun, action, atr, size))
HAND_ON(IFDHTransmitToICC,
	(DWORD lun, SCARD_IO_HEADER send, PUCHAR tx, DWORD tx_size, PUCHAR rx, PDWORD rx_size,
	 PSCARD_IO_HEADER receive),
	(lun, send, tx, tx_size, rx, rx_size, receive))
HAND_ON(IFDHICCPresence, (DWORD lun), (lun))

static FILE *opened(const char *name, const char *mode)
{
	char path[4096];
	const char *folder = getenv("PIN_PAD");
	snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", name);
	return fopen(path, mode);
}

/* Whether this reader has a feature: its name stands in the file features. */
static int has(const char *feature)
{
	char known[256] = "";
	FILE *file = opened("features", "r");
	if (file) {
		known[fread(known, 1, sizeof known - 1, file)] = 0;
		fclose(file);
	}
	return strstr(known, feature) != NULL;
}

/* The next line of what is typed: up to three words. */
static int typed(char words[3][16])
{
	static int used;
	char line[64] = "";
	int found = 0, index = 0;
	FILE *file = opened("keys", "r");
	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		if (index++ == used) {
			found = sscanf(line, "%15s %15s %15s", words[0], words[1], words[2]);
			break;
		}
	fclose(file);
	used += found > 0;
	return found > 0 ? found : 0;
}

static void note(DWORD code, const UCHAR *octets, DWORD size)
{
	FILE *file = opened("asked", "a");
	if (!file)
		return;
	fprintf(file, "%lu ", (unsigned long)(code - SCARD_CTL_CODE(0)));
	for (DWORD each = 0; each < size; each++)
		fprintf(file, "%02x", octets[each]);
	fprintf(file, "\n");
	fclose(file);
}

static int answer(unsigned word, PUCHAR rx, LPDWORD returned)
{
	rx[0] = word >> 8;
	rx[1] = word & 0xFF;
	*returned = 2;
	return IFD_SUCCESS;
}

/* Digits from the left, as ASCII, in a block that is FF already: 0 when it is another format. */
static int put(UCHAR *apdu, DWORD size, unsigned offset, const char *digits, UCHAR format, UCHAR block)
{
	unsigned at = 5 + ((format >> 3) & 0x0F) + offset, room = block & 0x0F;
	if ((format & 0x87) != 0x82 || block >> 4 || strlen(digits) > room || at + room > size)
		return 0;
	for (unsigned each = 0; each < room; each++)
		if (apdu[at + each] != 0xFF)
			return 0;
	memcpy(apdu + at, digits, strlen(digits));
	return 1;
}

static int keyed(char words[3][16], int wanted, unsigned extra, unsigned *why)
{
	int count = typed(words);
	*why = !count || !strcmp(words[0], "timeout") ? TIMED_OUT : CANCELLED;
	if (count != wanted || strspn(words[0], "0123456789") != strlen(words[0]))
		return 0;
	*why = BAD_LENGTH;
	for (int each = 0; each < count; each++)
		if (strlen(words[each]) < extra >> 8 || strlen(words[each]) > (extra & 0xFF))
			return 0;
	*why = DIFFERENT;
	return wanted < 3 || !strcmp(words[1], words[2]);
}

static RESPONSECODE sent(DWORD lun, UCHAR *apdu, DWORD size, PUCHAR rx, DWORD room, LPDWORD returned)
{
	SCARD_IO_HEADER send = {1, 0}, receive = {1, 0};
	DWORD got = room;
	RESPONSECODE done = IFDHTransmitToICC(lun, send, apdu, size, rx, &got, &receive);
	memset(apdu, 0, size);
	*returned = done == IFD_SUCCESS ? got : 0;
	return done;
}

static RESPONSECODE verify(DWORD lun, PUCHAR tx, DWORD size, PUCHAR rx, DWORD room, LPDWORD returned)
{
	PIN_VERIFY_STRUCTURE *asked = (PIN_VERIFY_STRUCTURE *)tx;
	char words[3][16] = {"", "", ""};
	UCHAR apdu[LONGEST];
	unsigned why;
	if (size < sizeof *asked || size != sizeof *asked + asked->ulDataLength
	    || asked->ulDataLength > LONGEST || asked->bEntryValidationCondition != 2
	    || asked->bMsgIndex || asked->bmPINLengthFormat)
		return answer(BAD_STRUCTURE, rx, returned);
	if (!keyed(words, 1, asked->wPINMaxExtraDigit, &why))
		return answer(why, rx, returned);
	memcpy(apdu, asked->abData, asked->ulDataLength);
	if (!put(apdu, asked->ulDataLength, 0, words[0], asked->bmFormatString, asked->bmPINBlockString))
		return answer(BAD_STRUCTURE, rx, returned);
	return sent(lun, apdu, asked->ulDataLength, rx, room, returned);
}

static RESPONSECODE modify(DWORD lun, PUCHAR tx, DWORD size, PUCHAR rx, DWORD room, LPDWORD returned)
{
	PIN_MODIFY_STRUCTURE *asked = (PIN_MODIFY_STRUCTURE *)tx;
	char words[3][16] = {"", "", ""};
	UCHAR apdu[LONGEST], format, block;
	unsigned why;
	if (size < sizeof *asked || size != sizeof *asked + asked->ulDataLength
	    || asked->ulDataLength > LONGEST || asked->bConfirmPIN != 3 || asked->bNumberMessage != 3
	    || asked->bEntryValidationCondition != 2 || asked->bmPINLengthFormat)
		return answer(BAD_STRUCTURE, rx, returned);
	if (!keyed(words, 3, asked->wPINMaxExtraDigit, &why))
		return answer(why, rx, returned);
	memcpy(apdu, asked->abData, asked->ulDataLength);
	format = asked->bmFormatString;
	block = asked->bmPINBlockString;
	if (!put(apdu, asked->ulDataLength, asked->bInsertionOffsetOld, words[0], format, block)
	    || !put(apdu, asked->ulDataLength, asked->bInsertionOffsetNew, words[1], format, block))
		return answer(BAD_STRUCTURE, rx, returned);
	return sent(lun, apdu, asked->ulDataLength, rx, room, returned);
}

static RESPONSECODE features(PUCHAR rx, LPDWORD returned)
{
	static const struct {
		const char *name;
		UCHAR tag;
		DWORD code;
	} known[] = {
		{"verify", FEATURE_VERIFY_PIN_DIRECT, VERIFY_CODE},
		{"modify", FEATURE_MODIFY_PIN_DIRECT, MODIFY_CODE},
		{"properties", FEATURE_IFD_PIN_PROPERTIES, PROPERTIES_CODE},
		{"tlv", FEATURE_GET_TLV_PROPERTIES, TLV_CODE},
	};
	PCSC_TLV_STRUCTURE *next = (PCSC_TLV_STRUCTURE *)rx;
	for (unsigned each = 0; each < sizeof known / sizeof known[0]; each++)
		if (has(known[each].name)) {
			next->tag = known[each].tag;
			next->length = 4;
			next->value = htonl(known[each].code);
			next++;
		}
	*returned = (PUCHAR)next - rx;
	return IFD_SUCCESS;
}

static RESPONSECODE told(PUCHAR rx, LPDWORD returned, const void *octets, DWORD size)
{
	memcpy(rx, octets, size);
	*returned = size;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR tx, DWORD tx_size, PUCHAR rx, DWORD room,
			 LPDWORD returned)
{
	PIN_PROPERTIES_STRUCTURE properties = {0, 7, 0};
	UCHAR sizes[] = {6, 1, 4, 7, 1, has("six-digits") ? 6 : 8};
	RESPONSECODE (*there)(DWORD, DWORD, PUCHAR, DWORD, PUCHAR, DWORD, LPDWORD);
	*returned = 0;
	note(code, tx, tx_size);
	switch (code) {
	case CM_IOCTL_GET_FEATURE_REQUEST:
		return features(rx, returned);
	case VERIFY_CODE:
		return verify(lun, tx, tx_size, rx, room, returned);
	case MODIFY_CODE:
		return modify(lun, tx, tx_size, rx, room, returned);
	case PROPERTIES_CODE:
		return told(rx, returned, &properties, sizeof properties);
	case TLV_CODE:
		return told(rx, returned, sizes, sizeof sizes);
	}
	there = vpcd("IFDHControl");
	return there ? there(lun, code, tx, tx_size, rx, room, returned) : IFD_NOT_SUPPORTED;
}
