import java.security.MessageDigest;
import java.util.Hashtable;
import java.util.HexFormat;
import java.util.Scanner;
import javax.naming.Context;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;
import javax.naming.directory.SearchControls;

/** Asks a directory, anonymously, each filter on standard input: SHA-256 of each certificate. */
public class Directory {
    public static void main(String[] arguments) throws Exception {
        Hashtable<String, String> environment = new Hashtable<>();
        environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.ldap.LdapCtxFactory");
        environment.put(Context.PROVIDER_URL, arguments[0]);
        environment.put("java.naming.ldap.attributes.binary", "userCertificate;binary");
        InitialDirContext context = new InitialDirContext(environment);
        SearchControls controls = new SearchControls();
        controls.setSearchScope(SearchControls.SUBTREE_SCOPE);
        controls.setReturningAttributes(new String[] {"userCertificate;binary"});
        for (Scanner lines = new Scanner(System.in); lines.hasNextLine();) {
            System.out.println(asked(context, arguments[1], lines.nextLine(), controls));
        }
        context.close();
    }

    private static String asked(
            InitialDirContext context, String base, String filter, SearchControls controls)
            throws Exception {
        StringBuilder answer = new StringBuilder();
        try {
            var found = context.search(base, filter, controls);
            while (found.hasMore()) {
                Attribute values =
                        found.next().getAttributes().get("userCertificate;binary");
                for (int i = 0; values != null && i < values.size(); i++) {
                    byte[] digest =
                            MessageDigest.getInstance("SHA-256").digest((byte[]) values.get(i));
                    answer.append(HexFormat.of().formatHex(digest)).append(' ');
                }
            }
        } catch (NamingException refused) {
            answer.append(refused.getClass().getSimpleName());
        }
        return answer.toString().strip();
    }
}
