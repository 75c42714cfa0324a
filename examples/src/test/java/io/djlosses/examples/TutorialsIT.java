/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.Arrays;
import java.util.List;

/** Each tutorial on each engine: fixed figures to the last digit, random ones within a range. */
public class TutorialsIT {

    private static final String OUT = Cli.PICTURES.toString();

    @DataProvider
    public Object[][] engines() {
        return Cli.engines();
    }

    @Test(dataProvider = "engines")
    public void builtIn(String engine) {
        String out = Cli.print("built-in", engine);
        assertTrue(out.contains("mean  1.5\n"), out);
        assertTrue(out.contains("sum   9.0\n"), out);
        assertTrue(out.contains("none  [[1.0, 0.0, 2.0], [1.0, 2.0, 3.0]]\n"), out);
        assertTrue(out.contains("PlainMaeLoss  0.033333\n"), out);
        assertTrue(out.contains("MaeLoss       0.033333\n"), out);
    }

    @Test(dataProvider = "engines")
    public void linearRegression(String engine) {
        double[] losses = stepLosses(Cli.print("linear-regression", engine));
        assertBothStylesAgree(losses);
        // What the tutorials print for runs of their own goes from 4.36 to 13.30.
        assertWithin(losses, 4.36, 13.30);
    }

    @Test(dataProvider = "engines")
    public void multiLabel(String engine) {
        double[] losses = stepLosses(Cli.print("multi-label", engine));
        assertBothStylesAgree(losses);
        assertWithin(losses, 4.36, 13.30);
    }

    @Test(dataProvider = "engines")
    public void customLoss(String engine) {
        String out = Cli.print("custom-loss", engine);
        List<String> builtIn = out.lines().filter(line -> line.contains("built in")).toList();
        List<String> own = out.lines().filter(line -> line.startsWith("mean square, own")).toList();
        for (int i = 0; i < 2; i++) {
            assertEquals(own.get(i).substring(22), builtIn.get(i).substring(22));
        }
        // The tutorial's shapes broadcast, and it ends at 2.53, 1.83 and 16.99 by the last batch.
        String pairs = out.substring(out.indexOf("every label"));
        assertWithin(Cli.numbers(pairs, "^mean square.* built in +[0-9.]+ +([0-9.]+)"), 0.5, 5);
        assertWithin(Cli.numbers(pairs, "^mean absolute, own +[0-9.]+ +([0-9.]+)"), 0.5, 3);
        assertWithin(Cli.numbers(pairs, "^fourth power, own +[0-9.]+ +([0-9.]+)"), 1, 40);
        // It ends at -3.1e8 where the sign is turned.
        assertWithin(Cli.numbers(pairs, "^square, negated mean +[-0-9.]+ +(\\S+)"), -1e10, -1e7);
    }

    @Test(dataProvider = "engines")
    public void weightDecay(String engine) {
        String out = Cli.print("weight-decay", engine);
        double[] differences = Cli.numbers(out, "([0-9.]+)$");
        differences = Arrays.copyOfRange(differences, differences.length - 4, differences.length);
        assertEquals(differences[1], 0, 2e-6, "weights only, by the optimizer");
        assertTrue(differences[2] > 1e-4, "biases too");
        assertTrue(differences[3] > 1e-3, "none");
    }

    private static double[] stepLosses(String out) {
        return Cli.numbers(out, "loss:\\[([0-9.]+)/");
    }

    private static void assertBothStylesAgree(double[] losses) {
        assertEquals(losses.length, 20);
        assertEquals(Arrays.copyOfRange(losses, 10, 20), Arrays.copyOfRange(losses, 0, 10), 0.0011);
    }

    private static void assertWithin(double[] values, double low, double high) {
        assertTrue(values.length > 0);
        for (double value : values) {
            assertTrue(
                    value >= low && value <= high, value + " not in [" + low + ", " + high + "]");
        }
    }
}
