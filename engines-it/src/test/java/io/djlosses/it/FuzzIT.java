/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import org.testng.annotations.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Bad input at random, to every loss, on every engine: a number that engines and readings agree on,
 * or a message that begins with the name of the loss. In a JVM of its own, which may crash.
 */
public class FuzzIT {

    private static final int CASES = Subject.NIGHTLY ? 6_000 : 500;

    /** Print a case again with this seed: it depends on that and its number only. */
    private static final long SEED = Long.getLong("djlosses.seed", 20260101);

    @Test
    public void badInputGivesANumberOrAMessage() throws IOException, InterruptedException {
        List<String> lines = Child.run(FuzzProgram.class, List.of("-Xmx1g"), SEED, 0, CASES);
        List<String> faults = new ArrayList<>();
        String current = "";
        int tried = 0;
        for (String line : lines) {
            if (line.startsWith("CASE ")) {
                current = line;
                tried++;
            } else if (line.startsWith("FAULT ")) {
                faults.add(current);
                faults.add(line);
            }
        }
        String last = lines.get(lines.size() - 1);
        System.out.println("FuzzIT: " + tried + " cases an engine, " + last);
        assertEquals(String.join("\n", faults), "");
        assertTrue(last.startsWith("DONE "), last);
        assertEquals(tried, CASES);
    }
}
