import java.io.File;
import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignatureMethod;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;

/** Signs an XML document as the JDK does it: document, key (PKCS#8 DER), certificate, result. */
public class Sign {
    public static void main(String[] files) throws Exception {
        DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
        builders.setNamespaceAware(true);
        Document document = builders.newDocumentBuilder().parse(new File(files[0]));
        PrivateKey key = KeyFactory.getInstance("RSA")
            .generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(files[1]))));
        X509Certificate certificate;
        try (FileInputStream in = new FileInputStream(files[2])) {
            certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(in);
        }
        XMLSignatureFactory made = XMLSignatureFactory.getInstance("DOM");
        Reference whole = made.newReference(
            "",
            made.newDigestMethod(DigestMethod.SHA256, null),
            List.of(made.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null)),
            null,
            null);
        SignedInfo info = made.newSignedInfo(
            made.newCanonicalizationMethod(
                CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
            made.newSignatureMethod(
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", null),
            List.of(whole));
        KeyInfoFactory infos = made.getKeyInfoFactory();
        KeyInfo who = infos.newKeyInfo(List.of(infos.newX509Data(List.of(certificate))));
        DOMSignContext where = new DOMSignContext(key, document.getDocumentElement());
        made.newXMLSignature(info, who).sign(where);
        TransformerFactory.newInstance().newTransformer()
            .transform(new DOMSource(document), new StreamResult(new File(files[3])));
    }
}
