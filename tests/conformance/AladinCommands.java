// Aladin Desktop carries out a script where there is neither a screen of its own nor the servers of the CDS:
//
//     xvfb-run -a java -cp /usr/share/java/aladin.jar AladinCommands.java aladin.dic script.ajs
//
// Started with the network, it waits for those servers; started with -local, it refuses every address. So it
// starts with -local, and has the network back before the first command. What each command says goes to the
// standard output, after a line that repeats the command.
import cds.aladin.Aladin;
import java.nio.file.Files;
import java.nio.file.Path;

public class AladinCommands {
    public static void main(String[] arguments) throws Exception {
        Aladin aladin = Aladin.launch(
            "-nogui -local -noreleasetest -nosamp -noplugin -nolog -glufile=" + arguments[0]);
        var network = Aladin.class.getDeclaredField("NETWORK");
        network.setAccessible(true);
        network.setBoolean(null, true);
        for (String command : Files.readAllLines(Path.of(arguments[1]))) {
            System.out.println("> " + command);
            String said = aladin.execCommand(command);
            if (said != null) {
                System.out.println(said);
            }
        }
        System.exit(0);
    }
}
