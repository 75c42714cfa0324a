/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * No loss hangs where an engine runs several operators at a time, each on several threads. A matrix
 * product of MXNet may then wait forever for the threads of another operator.
 */
public class OperatorsAtOnceIT {

    @DataProvider
    public Object[][] engines() {
        return Outcome.engines().stream()
                .map(engine -> new Object[] {engine})
                .toArray(Object[][]::new);
    }

    @Test(dataProvider = "engines")
    public void noLossHangs(String engine) throws IOException, InterruptedException {
        Map<String, String> threads =
                Map.of("OMP_NUM_THREADS", "4", "MXNET_CPU_WORKER_NTHREADS", "2");
        int count = Subject.NIGHTLY ? 20 : 3;
        List<String> lines =
                Child.run(OperatorsAtOnceProgram.class, List.of("-Xmx2g"), threads, engine, count);
        long evaluated = lines.stream().filter(line -> line.startsWith("EVALUATED ")).count();
        assertEquals(evaluated, 4L * OperatorsAtOnceProgram.losses().size());
    }
}
