import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CRL;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXCertPathValidatorResult;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * Reads certificates and CRLs with the JDK's own classes and says what it makes of them.
 *
 * <p>One question a line on standard input, words apart by blanks, files in DER; one answer a line.
 * What cannot be read or does not hold is an answer too, starting with "refused". Run by
 * "java Judge.java", so that nothing has to be built.
 */
public final class Judge {
    private static final CertificateFactory FACTORY = factory();

    private Judge() {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader asked =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = asked.readLine(); line != null; line = asked.readLine()) {
            answers.println(answer(line.split(" ")).replaceAll("\\s+", " "));
        }
    }

    private static String answer(String[] words) {
        try {
            return switch (words[0]) {
                case "certificate" -> describe(certificate(words[1]));
                case "crl" -> describe(crl(words[1]), certificate(words[2]));
                case "path" -> validate(words);
                case "status" -> fetched(words);
                default -> throw new IllegalArgumentException("unknown question " + words[0]);
            };
        } catch (CertPathValidatorException error) {
            return "refused " + error.getReason() + " at " + error.getIndex() + ": " + cause(error);
        } catch (Exception error) {
            return "refused " + cause(error);
        }
    }

    /** certificate FILE. */
    private static String describe(X509Certificate read) throws Exception {
        List<String> names = new ArrayList<>();
        if (read.getSubjectAlternativeNames() != null) {
            for (List<?> name : read.getSubjectAlternativeNames()) {
                Object value = name.get(1);
                names.add(value instanceof byte[] octets
                        ? HexFormat.of().formatHex(octets)
                        : String.valueOf(value));
            }
        }
        return String.join(
                " | ",
                "subject " + read.getSubjectX500Principal(),
                "serial " + read.getSerialNumber().toString(16),
                "from " + read.getNotBefore().toInstant() + " to " + read.getNotAfter().toInstant(),
                "ca " + read.getBasicConstraints(),
                "usage " + bits(read.getKeyUsage()),
                "purposes " + read.getExtendedKeyUsage(),
                "names " + names,
                "critical " + sorted(read.getCriticalExtensionOIDs()),
                "other " + sorted(read.getNonCriticalExtensionOIDs()),
                "unsupported " + read.hasUnsupportedCriticalExtension(),
                "signed " + read.getSigAlgName());
    }

    /** crl FILE ISSUER: the signature is verified with the issuer's key. */
    private static String describe(X509CRL read, X509Certificate issuer) throws Exception {
        read.verify(issuer.getPublicKey());
        TreeMap<String, String> entries = new TreeMap<>();
        if (read.getRevokedCertificates() != null) {
            for (X509CRLEntry each : read.getRevokedCertificates()) {
                String told = each.getRevocationReason() + "@" + each.getRevocationDate().toInstant();
                entries.put(each.getSerialNumber().toString(16), told);
            }
        }
        return String.join(
                " | ",
                "from " + read.getThisUpdate().toInstant() + " to " + read.getNextUpdate().toInstant(),
                "issuer " + read.getIssuerX500Principal().equals(issuer.getSubjectX500Principal()),
                "extensions " + sorted(read.getNonCriticalExtensionOIDs()),
                "critical " + sorted(read.getCriticalExtensionOIDs()),
                "entries " + entries);
    }

    /** path SECONDS ROOT CRL[,CRL...]|- CERTIFICATE,...: leaf first; with CRLs each is checked. */
    private static String validate(String[] words) throws Exception {
        List<X509Certificate> chain = new ArrayList<>();
        for (String name : words[4].split(",")) {
            chain.add(certificate(name));
        }
        CertPath path = FACTORY.generateCertPath(chain);
        TrustAnchor anchor = new TrustAnchor(certificate(words[2]), null);
        PKIXParameters parameters = new PKIXParameters(Collections.singleton(anchor));
        parameters.setDate(Date.from(Instant.ofEpochSecond(Long.parseLong(words[1]))));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        parameters.setRevocationEnabled(false);
        if (!words[3].equals("-")) {
            checkCrls(parameters, validator, words[3].split(","));
        }
        PKIXCertPathValidatorResult found =
                (PKIXCertPathValidatorResult) validator.validate(path, parameters);
        return "valid, anchor " + found.getTrustAnchor().getTrustedCert().getSubjectX500Principal();
    }

    /**
     * status ocsp|crl SECONDS ROOT CERTIFICATE,...: leaf first; the leaf's status is fetched from
     * where the leaf says, and nothing else counts.
     */
    private static String fetched(String[] words) throws Exception {
        System.setProperty("com.sun.security.enableCRLDP", "true");
        List<X509Certificate> chain = new ArrayList<>();
        for (String name : words[4].split(",")) {
            chain.add(certificate(name));
        }
        TrustAnchor anchor = new TrustAnchor(certificate(words[3]), null);
        PKIXParameters parameters = new PKIXParameters(Collections.singleton(anchor));
        parameters.setDate(Date.from(Instant.ofEpochSecond(Long.parseLong(words[2]))));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        EnumSet<PKIXRevocationChecker.Option> options = EnumSet.of(
                PKIXRevocationChecker.Option.ONLY_END_ENTITY,
                PKIXRevocationChecker.Option.NO_FALLBACK);
        if (words[1].equals("crl")) {
            options.add(PKIXRevocationChecker.Option.PREFER_CRLS);
        }
        checker.setOptions(options);
        parameters.addCertPathChecker(checker);
        validator.validate(FACTORY.generateCertPath(chain), parameters);
        return "valid";
    }

    private static void checkCrls(
            PKIXParameters parameters, CertPathValidator validator, String[] names) throws Exception {
        List<CRL> crls = new ArrayList<>();
        for (String name : names) {
            crls.add(crl(name));
        }
        parameters.addCertStore(
                CertStore.getInstance("Collection", new CollectionCertStoreParameters(crls)));
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(EnumSet.of(
                PKIXRevocationChecker.Option.PREFER_CRLS,
                PKIXRevocationChecker.Option.NO_FALLBACK));
        parameters.addCertPathChecker(checker);
    }

    private static X509Certificate certificate(String name) throws Exception {
        return (X509Certificate) FACTORY.generateCertificate(stream(name));
    }

    private static X509CRL crl(String name) throws Exception {
        return (X509CRL) FACTORY.generateCRL(stream(name));
    }

    private static ByteArrayInputStream stream(String name) throws Exception {
        return new ByteArrayInputStream(Files.readAllBytes(Path.of(name)));
    }

    private static String bits(boolean[] usage) {
        StringBuilder told = new StringBuilder();
        for (int bit = 0; usage != null && bit < usage.length; bit++) {
            told.append(usage[bit] ? bit + "," : "");
        }
        return told.toString();
    }

    private static List<String> sorted(Set<String> oids) {
        return oids == null ? List.of() : oids.stream().sorted().toList();
    }

    private static String cause(Throwable error) {
        Throwable deepest = error;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return deepest.getClass().getSimpleName() + " " + deepest.getMessage();
    }

    private static CertificateFactory factory() {
        try {
            return CertificateFactory.getInstance("X.509");
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }
}
