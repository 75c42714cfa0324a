/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

/** What the command line says when it is asked for help, or for something it does not have. */
public class MainIT {

    @DataProvider
    public Object[][] mistakes() {
        return new Object[][] {
            {"foo", "djlosses: Unmatched argument at index 0: 'foo'"},
            {"train --foo", "djlosses train: Unknown option: '--foo'"},
            {"train --epochs x", "djlosses train: Invalid value for option '--epochs'"},
            {"train --epochs 0", "djlosses train: --epochs must be positive, but was 0"},
            {"train --batch -1", "djlosses train: --batch must be positive, but was -1"},
            {"train --lr 0", "djlosses train: --lr must be positive, but was 0.0"},
            {"train --l2 -1", "djlosses train: --l2 must not be negative, but was -1.0"},
            {"train --data x", "djlosses train: --data must be digits or breast-cancer, but was x"},
            {"train --engine x", "djlosses train: --engine must be PyTorch"},
            {"train --loss x", "djlosses train: --loss x does not fit classes; those that do: Ad"},
            {"train --out pom.xml", "djlosses train: --out: cannot make the folder pom.xml"},
        };
    }

    @Test(dataProvider = "mistakes")
    public void aMistakeIsOneLineAndStatus2(String arguments, String message) {
        Cli run = Cli.run(arguments.split(" "));
        assertEquals(run.status(), 2);
        assertEquals(run.out(), "");
        assertEquals(run.err().lines().count(), 1, run.err());
        assertTrue(run.err().startsWith(message), run.err());
    }

    @Test
    public void listNamesEveryCommand() {
        Cli run = Cli.run("list");
        assertEquals(run.status(), 0);
        assertEquals(
                run.out().lines().map(line -> line.split(" ", 2)[0]).toList(),
                Main.commandLine().getSubcommands().keySet().stream().toList());
        assertTrue(run.out().lines().allMatch(line -> line.length() <= 100), run.out());
    }

    @Test
    public void noCommandPrintsTheHelp() {
        Cli run = Cli.run();
        assertEquals(run.status(), 0);
        assertTrue(run.out().startsWith("Usage: djlosses"), run.out());
    }
}
